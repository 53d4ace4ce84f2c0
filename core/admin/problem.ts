/** What every API answers instead of doing what it was asked: why not, and what to do, a line each. */
export function problem(status: number, errors: string | readonly string[], headers?: HeadersInit): Response {
  return Response.json({ errors: typeof errors === "string" ? [errors] : errors }, {
    status,
    ...(headers === undefined ? {} : { headers }),
  });
}
