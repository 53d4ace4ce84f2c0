/** The modules that run in browsers, as text: every one that the three pages reach. */
import baseAssert from "../../base/assert.ts" with { type: "text" };
import baseClock from "../../base/clock.ts" with { type: "text" };
import baseRandom from "../../base/random.ts" with { type: "text" };
import clientScheduleBackoff from "../../client/schedule/backoff.ts" with { type: "text" };
import phoneLibraryEvents from "../../phone/library/events.ts" with { type: "text" };
import phoneLibraryIncomingFrames from "../../phone/library/incoming_frames.ts" with { type: "text" };
import phoneAddressesAddresses from "../../phone/addresses/addresses.ts" with { type: "text" };
import phoneLibraryLink from "../../phone/library/link.ts" with { type: "text" };
import phoneLibraryMod from "../../phone/library/mod.ts" with { type: "text" };
import phoneLibraryOutcomes from "../../phone/library/outcomes.ts" with { type: "text" };
import phoneLibraryOutgoingFrames from "../../phone/library/outgoing_frames.ts" with { type: "text" };
import phoneLibraryPhone from "../../phone/library/phone.ts" with { type: "text" };
import phoneLibraryRequests from "../../phone/library/requests.ts" with { type: "text" };
import phoneLibraryResources from "../../phone/library/resources.ts" with { type: "text" };
import phoneLibrarySaidOnce from "../../phone/library/said_once.ts" with { type: "text" };
import phoneLibraryServerFrames from "../../phone/library/server_frames.ts" with { type: "text" };
import phoneLibraryShowOrders from "../../phone/library/show_orders.ts" with { type: "text" };
import phoneLibraryStorage from "../../phone/library/storage.ts" with { type: "text" };
import phoneLibraryToken from "../../phone/library/token.ts" with { type: "text" };
import phoneLibraryTold from "../../phone/library/told.ts" with { type: "text" };
import phonePageAnyWire from "../../phone/page/any_wire.ts" with { type: "text" };
import phonePageHttpWire from "../../phone/page/http_wire.ts" with { type: "text" };
import phonePageConnection from "../../phone/page/connection.ts" with { type: "text" };
import phonePageElements from "../../phone/page/elements.ts" with { type: "text" };
import phonePageFeel from "../../phone/page/feel.ts" with { type: "text" };
import phonePageGuest from "../../phone/page/guest.ts" with { type: "text" };
import phonePageMain from "../../phone/page/main.ts" with { type: "text" };
import phonePageMotion from "../../phone/page/motion.ts" with { type: "text" };
import phonePageNewsStream from "../../phone/page/news_stream.ts" with { type: "text" };
import phonePagePageState from "../../phone/page/page_state.ts" with { type: "text" };
import phonePagePartyNews from "../../phone/page/party_news.ts" with { type: "text" };
import phonePageSensor from "../../phone/page/sensor.ts" with { type: "text" };
import phonePageSparks from "../../phone/page/sparks.ts" with { type: "text" };
import phonePageView from "../../phone/page/view.ts" with { type: "text" };
import phonePageWords from "../../phone/page/words.ts" with { type: "text" };
import phoneResourcesResourceList from "../../phone/resources/resource_list.ts" with { type: "text" };
import phoneResourcesResourceStore from "../../phone/resources/resource_store.ts" with { type: "text" };
import phoneResourcesResourceView from "../../phone/resources/resource_view.ts" with { type: "text" };
import phoneResourcesSha256 from "../../phone/resources/sha256.ts" with { type: "text" };
import phoneTransportWebSocket from "../../phone/transport/web_socket.ts" with { type: "text" };
import phoneWallAsk from "../../phone/wall/ask.ts" with { type: "text" };
import phoneWallHost from "../../phone/wall/host.ts" with { type: "text" };
import phoneWallHostLink from "../../phone/wall/host_link.ts" with { type: "text" };
import phoneWallHostView from "../../phone/wall/host_view.ts" with { type: "text" };
import phoneWallWall from "../../phone/wall/wall.ts" with { type: "text" };
import phoneWallWallWords from "../../phone/wall/wall_words.ts" with { type: "text" };
import wireCodes from "../../wire/codes.ts" with { type: "text" };
import wireFrameCodec from "../../wire/frame_codec.ts" with { type: "text" };
import wireFrameCursor from "../../wire/frame_cursor.ts" with { type: "text" };
import wireFrameTable from "../../wire/frame_table.ts" with { type: "text" };
import wireSchema from "../../wire/schema.ts" with { type: "text" };
import wireU64 from "../../wire/u64.ts" with { type: "text" };
import wireV1Frames from "../../wire/v1/frames.ts" with { type: "text" };
import wireV1KeptPasses from "../../wire/v1/kept_passes.ts" with { type: "text" };

/** By path. */
export const SOURCES: Readonly<Record<string, string>> = {
  "core/base/assert.ts": baseAssert,
  "core/base/clock.ts": baseClock,
  "core/base/random.ts": baseRandom,
  "core/client/schedule/backoff.ts": clientScheduleBackoff,
  "core/phone/library/events.ts": phoneLibraryEvents,
  "core/phone/library/incoming_frames.ts": phoneLibraryIncomingFrames,
  "core/phone/addresses/addresses.ts": phoneAddressesAddresses,
  "core/phone/library/link.ts": phoneLibraryLink,
  "core/phone/library/mod.ts": phoneLibraryMod,
  "core/phone/library/outcomes.ts": phoneLibraryOutcomes,
  "core/phone/library/outgoing_frames.ts": phoneLibraryOutgoingFrames,
  "core/phone/library/phone.ts": phoneLibraryPhone,
  "core/phone/library/requests.ts": phoneLibraryRequests,
  "core/phone/library/resources.ts": phoneLibraryResources,
  "core/phone/library/said_once.ts": phoneLibrarySaidOnce,
  "core/phone/library/server_frames.ts": phoneLibraryServerFrames,
  "core/phone/library/show_orders.ts": phoneLibraryShowOrders,
  "core/phone/library/storage.ts": phoneLibraryStorage,
  "core/phone/library/token.ts": phoneLibraryToken,
  "core/phone/library/told.ts": phoneLibraryTold,
  "core/phone/page/any_wire.ts": phonePageAnyWire,
  "core/phone/page/http_wire.ts": phonePageHttpWire,
  "core/phone/page/connection.ts": phonePageConnection,
  "core/phone/page/elements.ts": phonePageElements,
  "core/phone/page/feel.ts": phonePageFeel,
  "core/phone/page/guest.ts": phonePageGuest,
  "core/phone/page/main.ts": phonePageMain,
  "core/phone/page/motion.ts": phonePageMotion,
  "core/phone/page/news_stream.ts": phonePageNewsStream,
  "core/phone/page/page_state.ts": phonePagePageState,
  "core/phone/page/party_news.ts": phonePagePartyNews,
  "core/phone/page/sensor.ts": phonePageSensor,
  "core/phone/page/sparks.ts": phonePageSparks,
  "core/phone/page/view.ts": phonePageView,
  "core/phone/page/words.ts": phonePageWords,
  "core/phone/resources/resource_list.ts": phoneResourcesResourceList,
  "core/phone/resources/resource_store.ts": phoneResourcesResourceStore,
  "core/phone/resources/resource_view.ts": phoneResourcesResourceView,
  "core/phone/resources/sha256.ts": phoneResourcesSha256,
  "core/phone/transport/web_socket.ts": phoneTransportWebSocket,
  "core/phone/wall/ask.ts": phoneWallAsk,
  "core/phone/wall/host.ts": phoneWallHost,
  "core/phone/wall/host_link.ts": phoneWallHostLink,
  "core/phone/wall/host_view.ts": phoneWallHostView,
  "core/phone/wall/wall.ts": phoneWallWall,
  "core/phone/wall/wall_words.ts": phoneWallWallWords,
  "core/wire/codes.ts": wireCodes,
  "core/wire/frame_codec.ts": wireFrameCodec,
  "core/wire/frame_cursor.ts": wireFrameCursor,
  "core/wire/frame_table.ts": wireFrameTable,
  "core/wire/schema.ts": wireSchema,
  "core/wire/u64.ts": wireU64,
  "core/wire/v1/frames.ts": wireV1Frames,
  "core/wire/v1/kept_passes.ts": wireV1KeptPasses,
};
