// floor_server - the cheapest plausible epoll server for version 0 of docs/protocol.md.
//
//   cc -O2 -Wall -Wextra -o floor_server floor_server.c
//   ./floor_server --port 1025 --max-seconds 600 [--win-every N]
//
// It answers the same frames as redpkt (see load.c for the wire format) but has no
// business logic at all: every login is accepted, a shake gets
// result 0 (or result 1 with an envelope of 1 cent for every N-th shake), a get is
// answered with amount 0. Single thread, level-triggered epoll, batches of 1024
// events, one recv and one send per message. Its CPU per request is the floor that
// any one-recv-one-send epoll server meets on this kernel; its memory is 40 bytes a
// connection. Peers that are not on loopback are refused; it stops by itself.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { HDR = 12, BATCH = 1024, BUF = 4096, MAXFRAME = 36 };
static const uint8_t frame_len[7] = {16, 20, 16, 28, 36, 20, 20};

struct conn { uint8_t have, up, part[38]; };  // 40 bytes, indexed by file descriptor

static struct conn *cs;
static uint64_t accepted, closed_, shakes, logins, gets, bad, recvs;
static unsigned win_every;
static volatile sig_atomic_t stop;
static void on_term(int s) { (void)s; stop = 1; }

static void put32(uint8_t *p, uint32_t v) { v = htobe32(v); memcpy(p, &v, 4); }

static void hangup(int fd) {
  close(fd);
  memset(cs + fd, 0, sizeof *cs);
  closed_++;
}

// Answers one complete frame; 0 = the connection must go.
static int answer(int fd, const uint8_t *f, int cmd, uint64_t unix_now) {
  uint8_t r[MAXFRAME] = {0};
  int l;
  memcpy(r + HDR, f + HDR, 4);  // user id, echoed
  switch (cmd) {
    case 0: l = 20; cs[fd].up = 1; logins++; break;
    case 2: {
      if (!cs[fd].up) return 0;
      int win = win_every && ++shakes % win_every == 0;
      if (!win_every) shakes++;
      put32(r + HDR + 4, (uint32_t)win);
      put32(r + HDR + 8, win ? (uint32_t)shakes : 0);
      put32(r + HDR + 12, (uint32_t)win);
      l = 28;
      break;
    }
    case 5: l = 20; memcpy(r + HDR, f + HDR + 4, 4); gets++; break;
    default: return 0;
  }
  r[1] = (uint8_t)l;
  r[3] = (uint8_t)(cmd + 1);
  uint64_t t = htobe64(unix_now);
  memcpy(r + 4, &t, 8);
  return send(fd, r, (size_t)l, MSG_NOSIGNAL | MSG_DONTWAIT) == l;
}

static void on_readable(int fd, uint64_t unix_now) {
  uint8_t buf[BUF];
  struct conn *c = cs + fd;
  memcpy(buf, c->part, c->have);
  ssize_t r = recv(fd, buf + c->have, BUF - c->have, MSG_DONTWAIT);
  recvs++;
  if (r < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (r <= 0) { hangup(fd); return; }
  size_t n = (size_t)r + c->have, o = 0;
  while (n - o >= 4) {
    size_t l = (size_t)buf[o] << 8 | buf[o + 1], cmd = (size_t)buf[o + 2] << 8 | buf[o + 3];
    if (cmd > 6 || l != frame_len[cmd]) { bad++; hangup(fd); return; }
    if (n - o < l) break;
    if (!answer(fd, buf + o, (int)cmd, unix_now)) { bad++; hangup(fd); return; }
    o += l;
  }
  c->have = (uint8_t)(n - o);
  memcpy(c->part, buf + o, c->have);
}

int main(int ac, char **av) {
  int port = 1025, max_seconds = 600, one = 1;
  for (int i = 1; i + 1 < ac; i += 2) {
    if (!strcmp(av[i], "--port")) port = atoi(av[i + 1]);
    else if (!strcmp(av[i], "--max-seconds")) max_seconds = atoi(av[i + 1]);
    else if (!strcmp(av[i], "--win-every")) win_every = (unsigned)atoi(av[i + 1]);
    else return fprintf(stderr, "unknown option %s\n", av[i]), 2;
  }
  struct rlimit rl;
  getrlimit(RLIMIT_NOFILE, &rl);
  rl.rlim_cur = rl.rlim_max;
  setrlimit(RLIMIT_NOFILE, &rl);
  cs = calloc(rl.rlim_max, sizeof *cs);
  signal(SIGTERM, on_term);
  signal(SIGINT, on_term);
  // Bound to 127.0.0.1 .. 127.0.0.255 alike needs a wildcard bind; peers that are not
  // loopback are refused right after accept instead.
  int ls = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  setsockopt(ls, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
  if (bind(ls, (void *)&a, sizeof a) || listen(ls, 65535)) return perror("listen"), 1;
  int ep = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event e = {.events = EPOLLIN, .data.fd = ls}, ev[BATCH];
  epoll_ctl(ep, EPOLL_CTL_ADD, ls, &e);
  time_t end = time(NULL) + max_seconds;
  fprintf(stderr, "floor_server: port %d, %zu bytes per connection\n", port, sizeof *cs);
  while (!stop) {
    int n = epoll_wait(ep, ev, BATCH, 1000);
    time_t now = time(NULL);
    if (now >= end) break;
    for (int i = 0; i < n; i++) {
      int fd = ev[i].data.fd;
      if (fd != ls) { on_readable(fd, (uint64_t)now); continue; }
      for (;;) {
        struct sockaddr_in p;
        socklen_t pl = sizeof p;
        int c = accept4(ls, (void *)&p, &pl, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (c < 0) break;
        if (ntohl(p.sin_addr.s_addr) >> 24 != 127) { close(c); continue; }
        setsockopt(c, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        e.events = EPOLLIN, e.data.fd = c;
        if (epoll_ctl(ep, EPOLL_CTL_ADD, c, &e)) { close(c); continue; }
        accepted++;
      }
    }
  }
  printf("{\"accepted\":%lu,\"closed\":%lu,\"logins\":%lu,\"shakes\":%lu,\"gets\":%lu,\"bad\":%lu,\"recvs\":%lu}\n",
         accepted, closed_, logins, shakes, gets, bad, recvs);
  return 0;
}
