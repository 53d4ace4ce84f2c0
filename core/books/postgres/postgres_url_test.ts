import assert from "node:assert/strict";
import type { PeerCertificate } from "node:tls";
import { UserError } from "../../base/user_error.ts";
import { booksPlace, isPostgresUrl, postgresOptions, type PostgresTls } from "./postgres_url.ts";

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
    const isFor = (ssl: PostgresTls | undefined, host: string, altNames: string) =>
      ssl!.checkServerIdentity!(host, { subject: {}, subjectaltname: altNames } as PeerCertificate) ===
        undefined;
    for (
      const query of [
        "?sslmode=verify-full",
        `?sslmode=verify-full&sslrootcert=${root}`,
        `?sslrootcert=${root}`,
      ]
    ) {
      const { url, ssl: tls } = ssl(query);
      assert.deepEqual([url, tls!.ca, tls!.rejectUnauthorized], [
        ...["postgres://u@h/d", query.includes("root") ? "CA" : undefined, true],
      ]);
      assert.deepEqual([isFor(tls, "h", "DNS:h"), isFor(tls, "h", "DNS:x")], [true, false]);
    }
    const { ssl: byAddress } = postgresOptions("postgres://u:p@10.0.0.1:5,10.0.0.2/d?sslmode=verify-full");
    assert.deepEqual(
      ["IP Address:10.0.0.2", "IP Address:10.0.0.3", "DNS:localhost"].map((name) =>
        isFor(byAddress, "localhost", name)
      ),
      [true, false, false],
    );
    const { checkServerIdentity, ...rest } = ssl(`?sslmode=verify-ca&sslrootcert=${root}`).ssl!;
    assert.deepEqual(rest, { ca: "CA", rejectUnauthorized: true });
    assert.equal(checkServerIdentity!("h", {} as PeerCertificate), undefined);
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
