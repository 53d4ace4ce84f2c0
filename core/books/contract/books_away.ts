/**
 * The books can't be reached, are slow, full, or shutting down: nobody knows whether what was asked was done. Ask again
 * later. Whatever is no fault of this kind won't mend by itself.
 */
export class BooksAway extends Error {
  override name = "BooksAway";
}
