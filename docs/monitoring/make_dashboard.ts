/** Writes the Grafana dashboard: `deno run -A docs/monitoring/make_dashboard.ts`. A test says when it is out of date. */

type Panel = readonly [
  title: string,
  unit: string,
  queries: readonly (readonly [legend: string, query: string])[],
];

const rate = (name: string) => `sum(rate(redpkt_${name}_total{instance=~"$instance"}[$__rate_interval]))`;
const sum = (name: string) => `sum(redpkt_${name}{instance=~"$instance"})`;
const quantile = (of: number, name: string) =>
  `histogram_quantile(${of}, sum by (le) (rate(redpkt_${name}_seconds_bucket{instance=~"$instance"}[$__rate_interval])))`;
const each = (query: string): readonly [string, string] => ["{{instance}}", query];

const rows: readonly (readonly [title: string, panels: readonly Panel[]])[] = [
  ["Shakes", [
    ["Due, sent and answered", "reqps", [
      ["due (fleet)", rate("shakes_due")],
      ["sent (fleet)", rate("shakes_sent")],
      ["answered (fleet)", rate("shakes_answered")],
      ["frames answered (servers)", rate("frames_out")],
    ]],
    [
      "Latency, as the fleet measures it",
      "s",
      [0.5, 0.9, 0.99, 0.999].map((of) => [
        `p${of * 100}`,
        quantile(of, "shake_latency"),
      ]),
    ],
    ["Answers by kind", "reqps", [
      ["won", rate("shake_won")],
      ["nothing", rate("shake_nothing")],
      ["greetings", rate("shake_greeted")],
      ["all gone", rate("shake_all_gone")],
      ["overloaded", rate("shake_overloaded")],
      ["refused before", rate("frames_refused")],
    ]],
  ]],
  ["Users", [
    ["Not sent and lost", "reqps", [
      ["not sent: late", rate("ticks_late")],
      ["not sent: no connection", rate("ticks_unconnected")],
      ["not sent: still waiting", rate("ticks_overrun")],
      ["lost", rate("shakes_lost")],
      ["given up", rate("shakes_given_up")],
    ]],
    ["Latency of each fleet, p99", "s", [[
      "{{instance}}",
      'histogram_quantile(0.99, sum by (le, instance) (rate(redpkt_shake_latency_seconds_bucket{instance=~"$instance"}[$__rate_interval])))',
    ]]],
    ["SETs that shed, by level", "short", [
      ["1 strained", sum("throttle_sets_strained")],
      ["2 reading less", sum("throttle_sets_reading_less")],
      ["3 claims only", sum("throttle_sets_claims_only")],
      ["rises a second", rate("throttle_level_rises")],
    ]],
  ]],
  ["Packets and money", [
    ["Money that is nowhere, in fen: anything but 0 must never be", "short", [
      each(`abs(redpkt_money_off_fen{instance=~"$instance"})`),
    ]],
    ["Put in = pool + held + sent + users + returned, in fen", "short", [
      ["put in", sum("money_put_in_fen")],
      ["pool", sum("money_pool_fen")],
      ["held", sum("money_held_fen")],
      ["sent", sum("money_sent_fen")],
      ["users", sum("money_users_fen")],
      ["returned", sum("money_returned_fen")],
    ]],
    ["Packets made and won", "reqps", [
      ["made", rate("shake_packets_made")],
      ["won", rate("shake_won")],
    ]],
    ["Packets due and not won", "short", [
      ["in the pool", sum("shake_packets_in_pool")],
      ["in the hands of SETs", sum("shake_packets_leased")],
    ]],
    ["Money in all, in fen", "short", [
      ["made", sum("shake_amount_made_fen_total")],
      ["won", sum("shake_amount_won_fen_total")],
      ["sent by users", sum("send_amount_fen_total")],
      ["sent by the host", sum("send_host_amount_fen_total")],
    ]],
    ["Money by where it is, in fen", "short", [
      ["{{state}}", 'sum by (state) (redpkt_sponsor_fen{instance=~"$instance"})'],
    ]],
    ["In the pool by sponsor, the ten with most, in fen", "short", [
      ["{{sponsor}}", 'topk(10, sum by (sponsor) (redpkt_sponsor_fen{instance=~"$instance",state="pool"}))'],
    ]],
    ["Awards refused by a limit", "reqps", [
      [
        "{{limit}}",
        'sum by (limit) (rate(redpkt_sponsor_refused_total{instance=~"$instance"}[$__rate_interval]))',
      ],
    ]],
  ]],
  ["Show", [
    ["Document that counts", "short", [each(`redpkt_show_number{instance=~"$instance"}`)]],
    ["Documents refused", "short", [
      ["forged", rate("show_forged")],
      ["damaged", rate("show_damaged")],
      ["half signed", rate("show_half_signed")],
      ["mistaken", rate("show_mistaken")],
      ["of another event", rate("show_other_event")],
      ["older", rate("show_older")],
    ]],
    ["Hosts that hold their packets, and paths down", "short", [
      ["hold their packets", sum("show_holding")],
      ["paths down", sum("show_paths_down")],
    ]],
    ["Clock off the consoles'", "s", [each(`redpkt_show_clock_off_seconds{instance=~"$instance"}`)]],
    ["Users told of a cue, a policy or resources", "reqps", [
      ["in their turn", rate("cue_told_in_turn")],
      ["with an answer", rate("cue_told_with_answer")],
      ["at their login", rate("cue_told_at_login")],
    ]],
    ["SETs that tell their users of a change", "short", [["telling", sum("cue_sets_telling")]]],
    ["How far users' countdowns are off", "s", [
      ["p50", quantile(0.5, "countdown_error")],
      ["p99", quantile(0.99, "countdown_error")],
    ]],
    ["Users banned or muted", "short", [
      ["banned or muted", sum("throttle_banned")],
      ["closed for it, a second", rate("throttle_closed_banned")],
    ]],
    ["Manifests that fleets refuse", "short", [["refused", rate("depot_manifests_refused")]]],
  ]],
  ["Hosts", [
    ["Connections", "short", [each(`redpkt_connections{instance=~"$instance"}`)]],
    ["CPU, cores", "short", [
      each(`rate(process_cpu_seconds_total{instance=~"$instance"}[$__rate_interval])`),
    ]],
    ["Memory", "bytes", [each(`process_resident_memory_bytes{instance=~"$instance"}`)]],
    ["Winner waits for the ledger", "s", [
      ["p50", quantile(0.5, "award_wait")],
      ["p99", quantile(0.99, "award_wait")],
    ]],
    ["Books behind the ledgers", "s", [each(`redpkt_uplink_lag_seconds{instance=~"$instance"}`)]],
    ["Projection behind its ledger", "s", [each(`redpkt_projection_lag_seconds{instance=~"$instance"}`)]],
    ["Order to a worker and back", "s", [["p99", quantile(0.99, "control_latency")]]],
    ["Closed by the server", "reqps", [
      ["slow reader", rate("closed_slow_reader")],
      ["unknown opcode", rate("closed_unknown_opcode")],
      ["frame too long", rate("closed_frame_too_long")],
      ["draining", rate("closed_draining")],
    ]],
  ]],
];

const WIDTH = 8;
const HEIGHT = 8;

/** The dashboard as Grafana imports it. */
export function dashboard(): string {
  const panels: unknown[] = [];
  let y = 0;
  let id = 1;
  for (const [title, members] of rows) {
    panels.push({
      id: id++,
      type: "row",
      title,
      collapsed: false,
      gridPos: { x: 0, y: y++, w: 24, h: 1 },
      panels: [],
    });
    members.forEach(([title, unit, queries], i) => {
      const gridPos = { x: i % 3 * WIDTH, y: y + Math.floor(i / 3) * HEIGHT, w: WIDTH, h: HEIGHT };
      panels.push({
        id: id++,
        type: "timeseries",
        title,
        gridPos,
        datasource: { type: "prometheus", uid: "${source}" },
        fieldConfig: { defaults: { unit, min: 0, custom: { fillOpacity: 5, lineWidth: 1 } }, overrides: [] },
        options: { tooltip: { mode: "multi" }, legend: { displayMode: "list", placement: "bottom" } },
        targets: queries.map(([legendFormat, expr], n) => ({
          refId: String.fromCharCode(65 + n),
          expr,
          legendFormat,
        })),
      });
    });
    y += Math.ceil(members.length / 3) * HEIGHT;
  }
  return JSON.stringify(
    {
      title: "redpkt",
      uid: "redpkt",
      schemaVersion: 39,
      editable: true,
      graphTooltip: 1,
      refresh: "5s",
      time: { from: "now-15m", to: "now" },
      templating: {
        list: [
          { name: "source", label: "Prometheus", type: "datasource", query: "prometheus" },
          {
            name: "instance",
            type: "query",
            datasource: { type: "prometheus", uid: "${source}" },
            query: { query: "label_values(redpkt_build_info, instance)", refId: "instance" },
            includeAll: true,
            multi: true,
            allValue: ".*",
            current: { text: "All", value: "$__all" },
            refresh: 2,
          },
        ],
      },
      panels,
    },
    null,
    2,
  ) + "\n";
}

if (import.meta.main) {
  await Deno.writeTextFile(new URL("./grafana.json", import.meta.url), dashboard());
}
