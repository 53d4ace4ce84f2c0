/** What is allowed to every page. */
export const ANY_ORIGIN = "*";

/**
 * Whether a page may connect. Programs name no origin; a page names its own, which must be this gateway's or one that is
 * allowed, so that no other site's page acts for its visitors.
 */
export function isOriginAllowed(
  origin: string | undefined,
  host: string | undefined,
  allowed: ReadonlySet<string>,
): boolean {
  if (origin === undefined || allowed.has(ANY_ORIGIN) || allowed.has(origin)) return true;
  if (!/^https?:\/\/[^/?#@\\,\s]+$/i.test(origin) || !URL.canParse(origin)) return false;
  const { protocol, host: from } = new URL(origin);
  return host !== undefined && URL.canParse(`${protocol}//${host}`) &&
    from === new URL(`${protocol}//${host}`).host;
}
