// Checked by tsc alone: nothing here runs.
import { expectTypeOf } from 'expect-type'
import { Hotpress, type HttpRequest, type HttpResponse, type RequestEnd, type RequestObserver } from 'hotpress'

const observer: RequestObserver = {
  began: (request) => expectTypeOf(request).toEqualTypeOf<HttpRequest>(),
  ended(request, end) {
    expectTypeOf(request.route).toEqualTypeOf<string | undefined>()
    expectTypeOf(end).toEqualTypeOf<RequestEnd>()
    expectTypeOf(end.response).toEqualTypeOf<HttpResponse | undefined>()
  },
}
expectTypeOf(new Hotpress().observe(observer)).toEqualTypeOf<Hotpress>()
// @ts-expect-error an end is told of as well
new Hotpress().observe({ began() {} })
