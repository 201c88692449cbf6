/** Host names of this machine, without a port. */
export const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/
