/** What is PostgreSQL's own: roles with the least rights, TLS, hanging servers, and making books twice at once. */
import assert from "node:assert/strict";
import { UserError } from "../../core/base/user_error.ts";
import { BooksAway } from "../../core/books/contract/books_away.ts";
import { makeBooks, openBooks } from "../../core/books/open/open_books.ts";
import { PostgresConnection } from "../../core/books/postgres/postgres_connection.ts";
import { EVENT, postgresServer, stopPostgres } from "./books_kinds.ts";
import { findPostgres } from "./postgres_server.ts";
import { ledgerOf, rowsOf } from "./some_ledger.ts";

const ignore = findPostgres() === undefined;
/** PostgreSQL and its connections outlive a test. */
const outlives = { ignore, sanitizeOps: false, sanitizeResources: false };
Deno.test.afterAll(stopPostgres);

let databases = 0;

/** An empty database, for its superuser. */
async function database(): Promise<string> {
  const name = `own${++databases}`;
  await (await postgresServer()).sql(`create database ${name}`);
  return name;
}

const isUserError = (why: RegExp) => (error: unknown) =>
  error instanceof UserError && why.test(error.message);

Deno.test({
  ...outlives,
  name: "two who make books at once make them once, and what is missing is said in one line",
  async fn() {
    const postgres = await postgresServer();
    const url = postgres.url(await database());
    await assert.rejects(
      openBooks(url),
      isUserError(/holds no books. Make them once: redpkt books init --books postgres:\/\/postgres@127/),
    );
    const made = await Promise.all(
      [makeBooks(url, EVENT), makeBooks(url, EVENT), makeBooks(url, {})].map((making) =>
        making.catch((error) => error)
      ),
    );
    assert.equal(made.filter(({ isNew }) => isNew === true).length, 1);
    await assert.rejects(
      makeBooks(url, { event: "other" }),
      isUserError(/--event other, and they have gala/),
    );
    await assert.rejects(openBooks(postgres.url("nowhere")), isUserError(/Make the database first/));
    await assert.rejects(openBooks("postgres://127.0.0.1:1/books"), BooksAway);
  },
});

Deno.test({
  ...outlives,
  name: "each role may do its own work and nothing else",
  async fn() {
    const postgres = await postgresServer();
    const name = await database();
    await makeBooks(postgres.url(name), EVENT, { roles: true });
    await makeBooks(postgres.url(name), {}, { roles: true }); // again, as after an update
    for (const role of ["uplink", "reader", "nobody"]) {
      await postgres.sql(
        `create role test_${role} login${role === "nobody" ? "" : ` in role redpkt_${role}`}`,
        name,
      );
    }
    const as = (role: string) => openBooks(postgres.url(name, `test_${role}`));
    const uplink = await as("uplink");
    const ledger = ledgerOf(1);
    await uplink.intake.enrol(ledger.enrolment);
    const block = ledger.commit(6, { bodies: [[1, Uint32Array.of(1, 2)]] });
    assert.equal(await uplink.intake.append(block), true);
    assert.equal(await uplink.intake.heartbeat(ledger.fence, 1), true);
    await uplink.intake.claimSeed({ hash: "aa", host: 1, ledger: ledger.enrolment.ledger }, 1);
    const reader = await as("reader");
    assert.deepEqual(await rowsOf(reader.intake, 1), [...block.rows]);
    assert.equal((await reader.intake.queue()).openings, 2);

    const noRight = isUserError(/permission denied.*docs\/books\.md/);
    await assert.rejects(rowsOf(uplink.intake, 1), noRight);
    await assert.rejects(reader.intake.append(ledger.commit(3)), noRight);
    await assert.rejects(reader.intake.retire(1, true), noRight);
    await assert.rejects(as("nobody"), noRight);
    for (const books of [uplink, reader]) await books.close();
    const own = await PostgresConnection.open(postgres.url(name, "test_uplink"));
    for (const table of ["entry", "opening", "seed_claim", "host"]) {
      await assert.rejects(own.ask((sql) => sql.unsafe(`delete from books.${table}`)), noRight, table);
    }
    await assert.rejects(own.ask((sql) => sql.unsafe("update books.entry set amount = 1")), noRight);
    await assert.rejects(
      own.ask((sql) => sql.unsafe("update books.event set packets_per_user = 9")),
      noRight,
    );
    await own.close();
  },
});

Deno.test({
  ...outlives,
  name: "a server that doesn't answer is away after a while, and the next call finds it again",
  async fn() {
    const postgres = await postgresServer();
    const connection = await PostgresConnection.open(postgres.url());
    const pid = async () =>
      (await connection.ask((sql) => sql`select pg_backend_pid() as pid`))[0].pid as number;
    const backend = await pid();
    Deno.kill(backend, "SIGSTOP");
    try {
      await assert.rejects(
        connection.ask((sql) => sql`select 1`, 100),
        (error) => error instanceof BooksAway && /no answer within 100 ms/.test(error.message),
      );
      assert.notEqual(await pid(), backend, "another connection");
    } finally {
      Deno.kill(backend, "SIGCONT");
    }
    await connection.close();
  },
});

/** Makes a certificate for 127.0.0.1 that vouches for itself; undefined without openssl. */
async function certificate(folder: string): Promise<string | undefined> {
  try {
    const { success } = await new Deno.Command("openssl", {
      args: [
        ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"],
        ...["-subj", "/CN=books", "-addext", "subjectAltName=IP:127.0.0.1"],
        ...["-keyout", `${folder}/server.key`, "-out", `${folder}/server.crt`],
      ],
      stderr: "null",
    }).output();
    return success ? `${folder}/server.crt` : undefined;
  } catch {
    return undefined;
  }
}

const hasOpenssl = (() => {
  try {
    return new Deno.Command("openssl", { args: ["version"], stdout: "null" }).outputSync().success;
  } catch {
    return false;
  }
})();

Deno.test({
  ...outlives,
  ignore: ignore || !hasOpenssl,
  name: "over TLS a certificate is checked as sslmode says",
  async fn() {
    const postgres = await postgresServer();
    const name = await database();
    await makeBooks(postgres.url(name), EVENT);
    const root = await certificate(postgres.data);
    assert.ok(root !== undefined);
    for (const file of ["server.key", "server.crt"]) postgres.own(`${postgres.data}/${file}`);
    await postgres.sql("alter system set ssl = on");
    await postgres.sql("select pg_reload_conf()");
    const url = (query: string) => `${postgres.url(name)}?${query}`;
    const isEncrypted = async (query: string) => {
      const connection = await PostgresConnection.open(url(query));
      try {
        const [row] = await connection.ask((sql) =>
          sql`select ssl from pg_stat_ssl where pid = pg_backend_pid()`
        );
        return row.ssl as boolean;
      } finally {
        await connection.close();
      }
    };
    assert.equal(await isEncrypted("sslmode=disable"), false);
    assert.equal(await isEncrypted("sslmode=require"), true);
    assert.equal(await isEncrypted(`sslmode=verify-full&sslrootcert=${root}`), true);
    await assert.rejects(isEncrypted("sslmode=verify-full"), isUserError(/self-signed.*sslrootcert=FILE/));
    const books = await openBooks(url(`sslmode=verify-full&sslrootcert=${root}`));
    assert.deepEqual(await books.intake.hosts(), []);
    assert.ok(!books.place.includes("ssl"));
    await books.close();
  },
});
