// load - single threaded epoll load generator for version 0 of docs/protocol.md.
//
//   cc -O2 -Wall -Wextra -o load load.c
//
// Wire format, everything big-endian, one frame = 12 byte header + body:
//   u16 length (header + body)   u16 command   u64 unix seconds
//   0 LoginReq  user                      1 LoginRsp user result
//   2 ShakeReq  user                      3 ShakeRsp user result envelope amount
//   4 SendPush  envelope amount n u1 u2 u3
//   5 GetReq    user envelope             6 GetRsp   envelope amount
// (all body fields are u32).
//
// Phases: connect + login -> [--idle hold] -> load -> drain -> JSON on stdout.
// Phase marks go to stderr ("PHASE name t=<monotonic s>"), for scripts that
// sample memory from outside.
//
// Open loop (--qps Q): shake number n is due at t0 + n/Q seconds, whatever the
// server does; its latency counts from that due time, so a stalled server (or a
// stalled generator) shows up in the percentiles instead of vanishing
// (no coordinated omission). Shakes go round all active connections in a fixed
// scattered order and may be pipelined up to RING deep; beyond that a due shake is
// counted as "overrun" and not sent. With --tick-us T the due times are rounded up to
// multiples of T, so that sends go out in small even batches: much cheaper in a virtual
// machine, where every sleep and wake of a core costs several microseconds.
// Closed loop (--qps 0): every active connection sends its next shake when the
// reply to the last one arrives; latency counts from the send. With --rotate the
// next shake goes out on another connection, so that all of --conns are used
// while only --inflight-conns shakes are outstanding.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LOGIN_REQ, LOGIN_RSP, SHAKE_REQ, SHAKE_RSP, SEND_PUSH, GET_REQ, GET_RSP, NCMD };
static const uint8_t frame_len[NCMD] = {16, 20, 16, 28, 36, 20, 20};
enum { HDR = 12, RING = 8, BATCH = 1024, MAXFRAME = 36, NCODE = 64 };
enum { CLOSED, CONNECTING, LOGGING_IN, READY };
enum { P_CONNECT, P_IDLE, P_LOAD, P_DRAIN };
#define SEC 1000000000ull

struct conn {
  int fd;
  uint8_t state, have;   // have: bytes of an incomplete frame kept in part[]
  uint8_t head, depth;   // FIFO of the due times of unanswered shakes
  uint8_t part[40];
  uint64_t due[RING];
};

// ---- options ---------------------------------------------------------------
static uint32_t host_lo, host_n = 1;
static int port = 1025, conns = 100, connect_rate = 5000, inflight = 0, first_user = 0;
static int claim, rotate_conns, rst_close, server_pid;
static double qps, seconds = 10, warmup = 2, idle_hold, drain = 2, connect_timeout = 60;
static uint64_t tick;    // ns; 0 = every shake at its own due time

// ---- state and counters ----------------------------------------------------
static struct conn *cs;
static int ep, active, phase, cursor, stride;
static int n_tried, n_open, n_failed, n_login_ok, n_login_bad;
static uint64_t sent, rcvd, win_sent, win_rcvd, codes[NCODE + 1], overrun, send_blocked;
static uint64_t wins, win_amount, pushes, claims_sent, claims_ok, claims_zero;
static uint64_t claim_amount, disconnects, proto_err, outstanding, unexpected;
static uint64_t t_win0, t_win1, unix_now;

static uint64_t ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * SEC + t.tv_nsec;
}

// ---- latency histogram: 64 buckets per power of two (1.6% wide), in ns -------
enum { NBUCKET = 40 * 64 };
struct hist { uint64_t n, max, b[NBUCKET]; double sum; };
static struct hist lat, lag;  // lag: how late the generator itself sent (open loop)

static void hadd(struct hist *h, uint64_t v) {
  int i = (int)v;
  if (v >= 128) {
    int e = 63 - __builtin_clzll(v) - 6;
    i = e * 64 + (int)(v >> e);
    if (i >= NBUCKET) i = NBUCKET - 1;
  }
  h->b[i]++;
  h->n++;
  h->sum += (double)v;
  if (v > h->max) h->max = v;
}
static double bucket_us(int i) {  // upper edge of bucket i, microseconds
  if (i < 128) return i / 1e3;
  int e = i / 64 - 1;
  return (double)(((uint64_t)(i - e * 64) + 1) << e) / 1e3;
}
static double pct(struct hist *h, double p) {
  uint64_t want = (uint64_t)(p / 100 * (double)h->n + 0.5), c = 0;
  if (!h->n) return 0;
  for (int i = 0; i < NBUCKET; i++)
    if ((c += h->b[i]) >= want && c) {
      double u = bucket_us(i), m = (double)h->max / 1e3;
      return u < m ? u : m;
    }
  return (double)h->max / 1e3;
}

// ---- CPU and memory samples of the server, from /proc ----------------------------
struct sample { long ut, st, rss_kb; struct rusage self; };
static void take_sample(struct sample *s) {
  char path[64], buf[1024], *p;
  FILE *f;
  memset(s, 0, sizeof *s);
  getrusage(RUSAGE_SELF, &s->self);
  if (server_pid) {
    snprintf(path, sizeof path, "/proc/%d/stat", server_pid);
    if ((f = fopen(path, "r"))) {
      long rss = 0;
      if (fgets(buf, sizeof buf, f) && (p = strrchr(buf, ')')))
        sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld "
               "%*d %*d %*d %*d %*d %*d %*u %*u %ld", &s->ut, &s->st, &rss);
      s->rss_kb = rss * (sysconf(_SC_PAGESIZE) / 1024);
      fclose(f);
    }
  }
}
static double rus(struct timeval a, struct timeval b) {  // microseconds between
  return (double)(b.tv_sec - a.tv_sec) * 1e6 + (double)(b.tv_usec - a.tv_usec);
}

// ---- frames out ---------------------------------------------------------------------
static void drop(struct conn *c) {
  if (c->state == CLOSED) return;
  if (c->state == CONNECTING) n_failed++;
  else disconnects++, n_open--;
  close(c->fd);
  outstanding -= c->depth;
  c->depth = 0;
  c->state = CLOSED;
}
static int put(struct conn *c, int cmd, uint32_t a, uint32_t b) {
  uint8_t f[MAXFRAME];
  uint16_t l = htobe16(frame_len[cmd]), k = htobe16((uint16_t)cmd);
  uint64_t t = htobe64(unix_now);
  a = htobe32(a), b = htobe32(b);
  memcpy(f, &l, 2), memcpy(f + 2, &k, 2), memcpy(f + 4, &t, 8);
  memcpy(f + HDR, &a, 4), memcpy(f + HDR + 4, &b, 4);
  ssize_t r = send(c->fd, f, frame_len[cmd], MSG_NOSIGNAL | MSG_DONTWAIT);
  if (r == frame_len[cmd]) return 1;
  if (r < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return send_blocked++, 0;
  drop(c);  // torn frame or dead peer
  return 0;
}
// Due time of the n-th shake of an open loop that began at t0.
static uint64_t due_time(uint64_t t0, uint64_t n) {
  uint64_t d = (uint64_t)((double)n * 1e9 / qps);
  return t0 + (tick ? (d + tick - 1) / tick * tick : d);
}
static uint32_t user_of(struct conn *c) { return (uint32_t)(first_user + (c - cs)); }

static void shake(struct conn *c, uint64_t due) {
  if (!put(c, SHAKE_REQ, user_of(c), 0)) return;
  c->due[(c->head + c->depth++) % RING] = due;
  outstanding++;
  sent++;
  if (due >= t_win0 && due < t_win1) win_sent++;
}
// Next ready connection of the active set in scattered order; NULL if none is free.
static struct conn *pick(int max_depth) {
  for (int i = 0; i < active; i++) {
    cursor = (cursor + stride) % active;
    struct conn *c = cs + cursor;
    if (c->state == READY && c->depth < max_depth) return c;
    if (max_depth == RING && i >= 63) break;  // open loop: do not scan for ever
  }
  return NULL;
}

// ---- frames in ----------------------------------------------------------------------
static void answered(struct conn *c, uint64_t now) {  // one shake got its reply
  if (!c->depth) { unexpected++; return; }
  uint64_t due = c->due[c->head % RING];
  c->head = (c->head + 1) % RING, c->depth--;
  outstanding--;
  rcvd++;
  if (now < due) now = ns();
  if (now >= t_win0 && now < t_win1) win_rcvd++;
  if (due >= t_win0 && due < t_win1) hadd(&lat, now - due);
  if (qps == 0 && phase == P_LOAD) {
    struct conn *d = rotate_conns ? pick(1) : c;
    if (d) shake(d, ns());
  }
}
static int frame(struct conn *c, const uint8_t *f, int cmd, uint64_t now) {
  uint32_t w[6];
  memcpy(w, f + HDR, frame_len[cmd] - HDR);
  for (int i = 0; i < (frame_len[cmd] - HDR) / 4; i++) w[i] = be32toh(w[i]);
  switch (cmd) {
    case LOGIN_RSP:
      if (c->state != LOGGING_IN) return 0;
      c->state = READY;
      if (w[1] == 0 && w[0] == user_of(c)) n_login_ok++; else n_login_bad++;
      return 1;
    case SHAKE_RSP:
      codes[w[1] < NCODE ? w[1] : NCODE]++;
      if (w[3]) wins++, win_amount += w[3];
      answered(c, now);
      return 1;
    case SEND_PUSH:
      pushes++;
      if (claim && put(c, GET_REQ, user_of(c), w[0])) claims_sent++;
      return 1;
    case GET_RSP:
      claims_ok++, claim_amount += w[1];
      if (!w[1]) claims_zero++;
      return 1;
  }
  return 0;  // a server never sends the other commands
}
static void on_readable(struct conn *c, uint64_t now) {
  static uint8_t buf[65536];
  memcpy(buf, c->part, c->have);
  ssize_t r = recv(c->fd, buf + c->have, sizeof buf - c->have, MSG_DONTWAIT);
  if (r < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (r <= 0) { drop(c); return; }
  size_t n = (size_t)r + c->have, o = 0;
  while (n - o >= 4) {
    size_t l = (size_t)buf[o] << 8 | buf[o + 1], cmd = (size_t)buf[o + 2] << 8 | buf[o + 3];
    if (cmd >= NCMD || l != frame_len[cmd]) { proto_err++; drop(c); return; }
    if (n - o < l) break;
    if (!frame(c, buf + o, (int)cmd, now)) { proto_err++; drop(c); return; }
    if (c->state == CLOSED) return;
    o += l;
  }
  c->have = (uint8_t)(n - o);
  memcpy(c->part, buf + o, c->have);
}

// ---- connections ----------------------------------------------------------------------
static void dial(int i) {
  struct conn *c = cs + i;
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port),
                          .sin_addr.s_addr = htonl(host_lo + (uint32_t)i % host_n)};
  int one = 1;
  n_tried++;
  c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (c->fd < 0) { n_failed++; return; }
  setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  c->state = CONNECTING;
  if (connect(c->fd, (void *)&a, sizeof a) && errno != EINPROGRESS) { drop(c); return; }
  struct epoll_event e = {.events = EPOLLOUT, .data.u32 = (uint32_t)i};
  epoll_ctl(ep, EPOLL_CTL_ADD, c->fd, &e);
}
static void on_connected(struct conn *c) {
  int err = 0;
  socklen_t l = sizeof err;
  getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &err, &l);
  if (err) { drop(c); return; }
  struct epoll_event e = {.events = EPOLLIN, .data.u32 = (uint32_t)(c - cs)};
  epoll_ctl(ep, EPOLL_CTL_MOD, c->fd, &e);
  n_open++;
  c->state = LOGGING_IN;
  put(c, LOGIN_REQ, user_of(c), 0);
}

static void mark(const char *name) {
  fprintf(stderr, "PHASE %s t=%.6f open=%d failed=%d\n", name, (double)ns() / 1e9, n_open, n_failed);
}
static void usage(const char *why) {
  fprintf(stderr, "%s\nload --host 127.0.0.1[-127.0.0.N] --port P --conns N [--connect-rate R]\n"
    "  [--qps Q (0: closed loop)] [--tick-us T] [--inflight-conns K] [--rotate] [--seconds S] [--warmup S]\n"
    "  [--first-user U] [--claim] [--idle S] [--drain S]\n"
    "  [--connect-timeout S] [--server-pid PID] [--rst]\n"
    "  --rst: end with resets, so that no TIME_WAIT sockets stay behind\n", why);
  exit(2);
}
static void parse(int ac, char **av) {
  enum { HOST = 1, PORT, CONNS, CRATE, QPS, INFL, SECS, FIRST, CLAIM, WARM, ROT, IDLE,
         DRAIN, CTO, SPID, RST, TICK };
#define O(n, a, v) {n, a, NULL, v}
  static const struct option o[] = {O("host", 1, HOST), O("port", 1, PORT), O("conns", 1, CONNS),
    O("connect-rate", 1, CRATE), O("qps", 1, QPS), O("inflight-conns", 1, INFL),
    O("seconds", 1, SECS), O("first-user", 1, FIRST), O("claim", 0, CLAIM), O("warmup", 1, WARM),
    O("rotate", 0, ROT), O("idle", 1, IDLE), O("drain", 1, DRAIN),
    O("connect-timeout", 1, CTO), O("server-pid", 1, SPID),
    O("rst", 0, RST),
    O("tick-us", 1, TICK), {0}};
  host_lo = INADDR_LOOPBACK;
  for (int k; (k = getopt_long(ac, av, "", o, NULL)) != -1;) {
    switch (k) {
      case HOST: {
        char *dash = strchr(optarg, '-');
        struct in_addr a, b;
        if (dash) *dash = 0;
        if (!inet_aton(optarg, &a) || (dash && !inet_aton(dash + 1, &b))) usage("bad --host");
        host_lo = ntohl(a.s_addr);
        host_n = dash ? ntohl(b.s_addr) - host_lo + 1 : 1;
        if (host_n == 0 || host_lo >> 24 != 127 || (host_lo + host_n - 1) >> 24 != 127)
          usage("loopback addresses only");
        break;
      }
      case PORT: port = atoi(optarg); break;
      case CONNS: conns = atoi(optarg); break;
      case CRATE: connect_rate = atoi(optarg); break;
      case QPS: qps = atof(optarg); break;
      case INFL: inflight = atoi(optarg); break;
      case SECS: seconds = atof(optarg); break;
      case FIRST: first_user = atoi(optarg); break;
      case CLAIM: claim = 1; break;
      case WARM: warmup = atof(optarg); break;
      case ROT: rotate_conns = 1; break;
      case IDLE: idle_hold = atof(optarg); break;
      case DRAIN: drain = atof(optarg); break;
      case CTO: connect_timeout = atof(optarg); break;
      case SPID: server_pid = atoi(optarg); break;
      case RST: rst_close = 1; break;
      case TICK: tick = (uint64_t)(atof(optarg) * 1e3); break;
      default: usage("unknown option");
    }
  }
  if (conns < 1 || connect_rate < 1 || qps < 0 || seconds < 0) usage("bad number");
  if (seconds && warmup >= seconds) warmup = 0;
}

static void report(struct sample *a, struct sample *b, double t_connect) {
  double win = (double)(t_win1 - t_win0) / 1e9, n = win_rcvd ? (double)win_rcvd : 1;
  long hz = sysconf(_SC_CLK_TCK);
  double ut = (double)(b->ut - a->ut) * 1e6 / hz, st = (double)(b->st - a->st) * 1e6 / hz;
  double su = rus(a->self.ru_utime, b->self.ru_utime), ss = rus(a->self.ru_stime, b->self.ru_stime);
  printf("{\"mode\":\"%s\",\"conns\":%d,\"active\":%d,\"target_qps\":%.0f,\"window_s\":%.3f,\n"
    " \"connected\":%d,\"failed\":%d,\"logins_ok\":%d,\"logins_bad\":%d,\"connect_s\":%.3f,\n"
    " \"sent\":%lu,\"received\":%lu,\"unanswered\":%lu,\"overrun\":%lu,\"send_blocked\":%lu,\n",
    qps ? "open" : rotate_conns ? "closed-rotate" : "closed", conns, active, qps, win,
    n_tried - n_failed, n_failed, n_login_ok, n_login_bad, t_connect,
    sent, rcvd, outstanding, overrun, send_blocked);
  printf(" \"window_sent\":%lu,\"window_received\":%lu,\"throughput_rps\":%.1f,\n \"by_code\":{",
    win_sent, win_rcvd, win > 0 ? (double)win_rcvd / win : 0);
  for (int i = 0, k = 0; i <= NCODE; i++)
    if (codes[i]) printf("%s\"%s%d\":%lu", k++ ? "," : "", i == NCODE ? ">=" : "", i, codes[i]);
  printf("},\n \"shake_wins\":%lu,\"shake_win_amount\":%lu,\"pushes\":%lu,\n"
    " \"claims_sent\":%lu,\"claims_answered\":%lu,\"claims_zero\":%lu,\"claim_amount\":%lu,\n"
    " \"disconnects\":%lu,\"protocol_errors\":%lu,\"unexpected_replies\":%lu,\n",
    wins, win_amount, pushes, claims_sent, claims_ok, claims_zero, claim_amount,
    disconnects, proto_err, unexpected);
  printf(" \"latency_us\":{\"n\":%lu,\"mean\":%.1f,\"p50\":%.1f,\"p90\":%.1f,\"p99\":%.1f,\"p99_9\":%.1f,"
    "\"max\":%.1f},\n \"send_lag_us\":{\"p50\":%.1f,\"p99\":%.1f,\"max\":%.1f},\n",
    lat.n, lat.n ? lat.sum / (double)lat.n / 1e3 : 0, pct(&lat, 50), pct(&lat, 90), pct(&lat, 99),
    pct(&lat, 99.9), (double)lat.max / 1e3, pct(&lag, 50), pct(&lag, 99), (double)lag.max / 1e3);
  if (server_pid)
    printf(" \"server\":{\"user_us\":%.0f,\"sys_us\":%.0f,\"us_per_request\":%.3f,\"user_us_per_request\":%.3f,"
      "\"sys_us_per_request\":%.3f,\"core_share\":%.3f,\"rss_kb\":%ld},\n", ut, st, (ut + st) / n, ut / n,
      st / n, win > 0 ? (ut + st) / win / 1e6 : 0, b->rss_kb);
  printf(" \"self\":{\"user_us_per_request\":%.3f,\"sys_us_per_request\":%.3f,\"core_share\":%.3f}}\n",
    su / n, ss / n, win > 0 ? (su + ss) / win / 1e6 : 0);
}

int main(int ac, char **av) {
  static struct epoll_event ev[BATCH];
  struct sample s0 = {0}, s1 = {0};
  int sampled = 0;
  uint64_t due_n = 0, t0 = 0, t_phase, t_end = 0, begin;
  double t_connect = 0;
  parse(ac, av);
  struct rlimit rl;
  if (!getrlimit(RLIMIT_NOFILE, &rl)) rl.rlim_cur = rl.rlim_max, setrlimit(RLIMIT_NOFILE, &rl);
  prctl(PR_SET_TIMERSLACK, 1000);  // 1 us, so that short waits end on time
  signal(SIGPIPE, SIG_IGN);
  cs = calloc((size_t)conns, sizeof *cs);
  ep = epoll_create1(EPOLL_CLOEXEC);
  active = inflight > 0 && inflight < conns && !(rotate_conns && qps == 0) ? inflight : conns;
  stride = 7919;
  while (active % stride == 0 || stride % 2 == 0) stride++;  // coprime for all usual sizes
  begin = t_phase = ns();
  t_win0 = t_win1 = UINT64_MAX;
  for (;;) {
    uint64_t now = ns(), wake = now + SEC / 10;
    unix_now = (uint64_t)time(NULL);
    if (phase == P_CONNECT) {
      uint64_t want = (uint64_t)((double)(now - begin) / 1e9 * connect_rate) + 1;
      // at most 512 a turn, so that replies are read in between
      for (int k = 0; k < 512 && n_tried < conns && (uint64_t)n_tried < want; k++) dial(n_tried);
      if (n_tried < conns) wake = begin + (uint64_t)n_tried * SEC / (uint64_t)connect_rate;
      if ((n_tried == conns && n_login_ok + n_login_bad + n_failed + (int)disconnects >= conns) ||
          (double)(now - begin) / 1e9 > connect_timeout) {
        t_connect = (double)(now - begin) / 1e9;
        phase = P_IDLE, t_phase = now;
        mark("ready");
      }
    }
    if (phase == P_IDLE) {
      int go = (double)(now - t_phase) / 1e9 >= idle_hold;
      if (go && seconds == 0) break;
      if (go) {
        phase = P_LOAD;
        t0 = now = ns();
        t_win0 = t0 + (uint64_t)(warmup * 1e9), t_win1 = t_end = t0 + (uint64_t)(seconds * 1e9);
        mark("load");
        if (qps == 0)  // prime the closed loop
          for (int i = 0, k = inflight > 0 && inflight < conns ? inflight : conns; i < k; i++) {
            struct conn *c = rotate_conns ? pick(1) : cs + i;
            if (c && c->state == READY) shake(c, ns());
          }
      }
    }
    if (phase == P_LOAD) {
      if (!sampled && now >= t_win0) take_sample(&s0), t_win0 = now = ns(), sampled = 1;
      if (now >= t_end) {
        t_win1 = now;
        take_sample(&s1);
        phase = P_DRAIN, t_phase = now;
        mark("drain");
      } else if (qps > 0) {
        uint64_t due = due_time(t0, due_n);
        for (int k = 0; due <= now && k < 256; k++) {  // bounded: read replies in between
          struct conn *c = pick(RING);
          if (c) shake(c, due); else overrun++;
          if (due >= t_win0) hadd(&lag, ns() - due);
          due = due_time(t0, ++due_n);
        }
        wake = due;
      } else {
        wake = sampled ? t_end : t_win0;
      }
      if (wake > t_end) wake = t_end;
    }
    if (phase == P_DRAIN && (((double)(now - t_phase) / 1e9 >= drain) || (!outstanding && claims_sent == claims_ok)))
      break;
    now = ns();
    uint64_t d = wake > now ? wake - now : 0;
    if (d > SEC / 10) d = SEC / 10;
    struct timespec ts = {.tv_sec = (time_t)(d / SEC), .tv_nsec = (long)(d % SEC)};
    int n = epoll_pwait2(ep, ev, BATCH, &ts, NULL);
    now = ns();
    for (int i = 0; i < n; i++) {
      struct conn *c = cs + ev[i].data.u32;
      if (c->state == CONNECTING) on_connected(c);
      else if (c->state != CLOSED) on_readable(c, now);
    }
  }
  mark("done");
  report(&s0, &s1, t_connect);
  struct linger lg = {.l_onoff = 1, .l_linger = 0};
  for (int i = 0; rst_close && i < conns; i++)
    if (cs[i].state != CLOSED) setsockopt(cs[i].fd, SOL_SOCKET, SO_LINGER, &lg, sizeof lg);
  return 0;
}
