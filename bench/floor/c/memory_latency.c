// memory_latency - how long a random read takes, by the size of what is read from.
//
//   cc -O2 -Wall -Wextra -o memory_latency memory_latency.c
//   ./memory_latency [--mb 64]
//
// Follows a chain that visits every cache line of an area once, in an order that no prefetcher guesses, and prints
// nanoseconds a read as JSON: {"4":50.1,"16":...}. With --mb only that size, in MiB. Ends by itself after a second or two.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LINE = 64, WORDS = LINE / sizeof(size_t), READS = 2000000 };

// xorshift64: fixed seed, so that each run reads in the same order.
static uint64_t seed = 88172645463325252u;
static uint64_t next_random(void) {
  seed ^= seed << 13;
  seed ^= seed >> 7;
  return seed ^= seed << 17;
}

// Nanoseconds a read within so many MiB; below 0 if there is no memory for it.
static double measure(size_t mb) {
  size_t lines = mb * 1024 * 1024 / LINE;
  size_t *area = aligned_alloc(LINE, lines * LINE), *order = malloc(lines * sizeof *order);
  if (!area || !order) return free(area), free(order), -1;
  for (size_t i = 0; i < lines; i++) order[i] = i;
  for (size_t i = lines - 1; i > 0; i--) {
    size_t j = next_random() % i, swapped = order[i];
    order[i] = order[j];
    order[j] = swapped;
  }
  for (size_t i = 0; i < lines; i++) area[order[i] * WORDS] = order[(i + 1) % lines] * WORDS;
  size_t at = 0;
  for (size_t i = 0; i < lines; i++) at = area[at];  // every page is there
  struct timespec from, to;
  clock_gettime(CLOCK_MONOTONIC, &from);
  for (size_t i = 0; i < READS; i++) at = area[at];
  clock_gettime(CLOCK_MONOTONIC, &to);
  volatile size_t used = at;  // or the compiler would leave the reads out
  (void)used;
  free(area);
  free(order);
  return ((double)(to.tv_sec - from.tv_sec) * 1e9 + (double)(to.tv_nsec - from.tv_nsec)) / READS;
}

int main(int argc, char **argv) {
  if (argc == 3 && !strcmp(argv[1], "--mb")) {
    printf("{\"%s\":%.1f}\n", argv[2], measure(strtoul(argv[2], NULL, 10)));
    return 0;
  }
  if (argc != 1) return fprintf(stderr, "usage: memory_latency [--mb N]\n"), 2;
  printf("{");
  for (size_t mb = 4; mb <= 256; mb *= 4) printf("%s\"%zu\":%.1f", mb == 4 ? "" : ",", mb, measure(mb));
  printf("}\n");
  return 0;
}
