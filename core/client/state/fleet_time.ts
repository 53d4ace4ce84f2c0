/** The readings of a fleet's present pass. */
export class FleetTime {
  /** Monotonic, in ms and in microseconds modulo 2^32. */
  nowMs = 0;
  nowUs = 0;
  /** Wall time, in whole ms and seconds. */
  wallMs = 0;
  unixSeconds = 0;
}
