import { z } from "zod";
import type { Route } from "../../admin/api.ts";
import type { PlacedOrders } from "./placed_orders.ts";

const stopSchema = z.strictObject({ order: z.int().min(1) });

/** What operators have ordered, of whatever plugin. */
export function orderRoutes(orders: PlacedOrders): Route[] {
  return [
    {
      method: "get",
      path: "/orders",
      summary: "The newest thousand orders, newest first: what was ordered, and how far it is",
      handle: () => orders.list(),
    },
    {
      method: "post",
      path: "/orders/stop",
      summary: "Makes nothing more for an order; what it has made stays",
      body: stopSchema,
      handle: ({ body }) => orders.end((body as z.infer<typeof stopSchema>).order),
    },
  ];
}
