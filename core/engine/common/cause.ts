import { CloseCause } from "./engine.ts";
import * as posix from "../../os/posix.ts";

/** What an errno of a socket comes to. */
export function causeOfErrno(code: number): CloseCause {
  switch (code) {
    case posix.ECONNREFUSED:
      return CloseCause.refused;
    case posix.EADDRNOTAVAIL:
    case posix.EADDRINUSE:
    case posix.EAGAIN:
      return CloseCause.noPort;
    case posix.EMFILE:
    case posix.ENFILE:
      return CloseCause.noDescriptor;
    case posix.ENOMEM:
    case posix.ENOBUFS:
      return CloseCause.noMemory;
    case posix.ETIMEDOUT:
      return CloseCause.timeout;
    case posix.ENETUNREACH:
    case posix.EHOSTUNREACH:
      return CloseCause.unreachable;
    default:
      return CloseCause.reset;
  }
}
