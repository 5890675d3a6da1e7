import { AddressSet } from '../core/addresses.js'
import { checkOptions, invalid } from '../core/options-check.js'
import type { Middleware } from '../core/types.js'
import { httpError } from '../errors.js'

/** Options of `ipFilter()`: addresses, blocks such as `'10.0.0.0/8'`, or `'linklocal'`, `'loopback'`, `'private'`. */
export interface IpFilterOptions {
  /** Who may come in; everybody by default. */
  readonly allow?: string | readonly string[]
  /** Who may not, though `allow` has them. */
  readonly deny?: string | readonly string[]
}

/**
 * Lets requests in by the address of the client (`req.ip`), and answers 403 to the others. An address is the same in each
 * of its spellings: `::ffff:10.0.0.1` is `10.0.0.1`.
 *
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`. While a request is handled HttpError 403 `ADDRESS_FORBIDDEN`.
 * @example
 * admin.use(ipFilter({ allow: ['private', '2001:db8::/32'], deny: '10.0.0.1' }))
 */
export function ipFilter(options: IpFilterOptions): Middleware {
  const check = (value: unknown, option: string): AddressSet => new AddressSet(value, option)
  const given = checkOptions(options, { allow: check, deny: check }, ' of ipFilter()')
  const { allow, deny } = given as { readonly allow?: AddressSet; readonly deny?: AddressSet }
  if (allow === undefined && deny === undefined) invalid('allow of ipFilter()', undefined, 'addresses, or deny does')
  return function ipFilter(request, next) {
    const { ip } = request
    // Who has left before anybody asked has no address any more, and is not let in.
    if (ip === '' || deny?.has(ip) === true || allow?.has(ip) === false) throw httpError('ADDRESS_FORBIDDEN', {})
    return next()
  }
}
