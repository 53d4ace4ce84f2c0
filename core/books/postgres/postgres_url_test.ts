import assert from "node:assert/strict";
import { UserError } from "../../base/user_error.ts";
import { booksPlace, isPostgresUrl, postgresOptions } from "./postgres_url.ts";

Deno.test("an address is shown without its password and settings", () => {
  assert.equal(
    booksPlace("postgres://uplink:s3:cr@t@db.example:5432/books?sslmode=require"),
    "postgres://uplink@db.example:5432/books",
  );
  assert.equal(booksPlace("postgres://uplink:secret@a:1,b:2/books"), "postgres://uplink@a:1,b:2/books");
  assert.equal(booksPlace("postgres://u:a/b?c@d@h:1/books?x=1"), "postgres://u@h:1/books");
  assert.equal(booksPlace("postgresql://db/books"), "postgresql://db/books");
  assert.equal(booksPlace("books.db"), "books.db");
  assert.ok(isPostgresUrl("postgresql://db/books") && !isPostgresUrl("data/postgres.db"));
});

Deno.test("what psql knows of TLS is understood, and not handed to the server", () => {
  const root = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(root, "CA");
    const ssl = (query: string) => postgresOptions(`postgres://u@h/d${query}`);
    assert.deepEqual(ssl(""), { url: "postgres://u@h/d", ssl: undefined });
    assert.deepEqual(ssl("?sslmode=disable&options=-c%20a%3Db"), {
      url: "postgres://u@h/d?options=-c+a%3Db",
      ssl: undefined,
    });
    assert.deepEqual(ssl("?sslmode=require").ssl, { rejectUnauthorized: false });
    assert.deepEqual(ssl("?sslmode=verify-full").ssl, { rejectUnauthorized: true });
    const full = ssl(`?sslrootcert=${root}&sslmode=verify-full`);
    assert.deepEqual(full, { url: "postgres://u@h/d", ssl: { ca: "CA", rejectUnauthorized: true } });
    assert.deepEqual(ssl(`?sslrootcert=${root}`).ssl, { ca: "CA", rejectUnauthorized: true });
    const { checkServerIdentity, ...rest } = ssl(`?sslmode=verify-ca&sslrootcert=${root}`).ssl!;
    assert.deepEqual(rest, { ca: "CA", rejectUnauthorized: true });
    assert.equal(checkServerIdentity!(), undefined);
  } finally {
    Deno.removeSync(root);
  }
});

Deno.test("an address that means nothing is refused in one line that doesn't tell its password", () => {
  const wrong: readonly (readonly [url: string, said: RegExp])[] = [
    [
      "postgres://u:pw@h/d?sslmode=maybe",
      /^--books postgres:\/\/u@h\/d: sslmode=maybe: must be one of disable/,
    ],
    [
      "postgres://u:pw@h/d?sslrootcert=none.pem",
      /^--books postgres:\/\/u@h\/d: sslrootcert=none.pem: cannot be read/,
    ],
    ["postgres://u:pw@h:port/d", /is no address. Give postgres:/],
  ];
  for (const [url, said] of wrong) {
    assert.throws(
      () => postgresOptions(url),
      (error) => error instanceof UserError && said.test(error.message) && !error.message.includes("pw"),
      url,
    );
  }
});
