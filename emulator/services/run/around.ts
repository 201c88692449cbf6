// An operation in the words of one version, around one in those of the store: each version asks and answers in its own.
import { type Context, type IoOperation, io } from '../../core/service.ts'

/** `toRequest` is called twice, so it may only read. `toAnswer` is told what was there before, where it has asked `before` for it. */
export const around = <Req, Res, InnerReq, InnerRes, Prepared, Before = undefined>(
  inner: IoOperation<InnerReq, InnerRes, Prepared>,
  toRequest: (request: Req, ctx: Context) => InnerReq,
  toAnswer: (result: InnerRes, ctx: Context, request: Req, before: Before) => Res,
  before?: (request: InnerReq, ctx: Context) => Before,
): IoOperation<Req, Res, Prepared> =>
  io(
    (request, ctx) => inner.prepare(toRequest(request, ctx), ctx),
    (request, ctx, prepared) => {
      const asked = toRequest(request, ctx)
      const known = before?.(asked, ctx) as Before
      return toAnswer(inner.commit(asked, ctx, prepared), ctx, request, known)
    },
  )
