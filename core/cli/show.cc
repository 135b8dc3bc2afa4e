// show: what waits, as it is kept and as a server gets it; and what was refused. Writes nothing,
// and asks neither consent nor a network.
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/url.h"
#include "base/uuid.h"
#include "commands.h"
#include "event/record.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/random.h"
#include "product.h"
#include "sink/sink.h"
#include "spool/spool.h"
#include "terminal.h"
#include "upload/job.h"
#include "upload/refused.h"

namespace candor::cli {
namespace {

constexpr char kHidden[] = "***";

// The JSON library prints by recursion, and what a segment holds may be crafted. An event that was
// emitted is far from this.
constexpr std::size_t kPrettyDepthMax = 100;

bool is_too_deep(std::string_view json) noexcept {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string) {
      if (c == '\\') ++i;
      in_string = c != '"';
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > kPrettyDepthMax) return true;
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return false;
}

void print(std::string_view json, bool pretty) {
  if (!pretty || is_too_deep(json)) {
    out(std::string(json) + '\n');
    return;
  }
  const auto parsed = nlohmann::ordered_json::parse(json, nullptr, false);
  if (parsed.is_discarded()) return;
  out(parsed.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + '\n');
}

using Each = std::function<void(const event::Record& record)>;

void for_each_waiting(const std::string& spool_dir, const Each& each) {
  if (spool_dir.empty()) return;
  spool::for_each_pending(spool_dir, [&](std::string_view payload) {
    if (const auto record = event::parse_record(payload)) each(*record);
  });
}

std::uint64_t print_waiting(const std::string& spool_dir, const ShowArgs& args) {
  std::uint64_t count = 0;
  for_each_waiting(spool_dir, [&](const event::Record& record) {
    ++count;
    if (!args.count) print(event::to_line(record), args.pretty);
  });
  return count;
}

std::uint64_t print_refused(const std::string& spool_dir, const ShowArgs& args) {
  std::uint64_t count = 0;
  const auto text =
      file::read_own(spool_dir + "/" + spool::kSetAsideFile, upload::kRefusedBytesMax);
  std::string_view rest = text ? std::string_view(*text) : std::string_view();
  for (std::size_t end; (end = rest.find('\n')) != std::string_view::npos;
       rest.remove_prefix(end + 1)) {
    ++count;
    if (!args.count) print(rest.substr(0, end), args.pretty);
  }
  return count;
}

// The request that a server would get for these events: its body on standard output, what goes
// before the body on standard error.
void print_request(const sink::Sink& sink, const std::string& host,
                   std::span<const event::Record> events, bool pretty) {
  const UuidText id = uuid4();
  const sink::Encoded request = sink.encode(
      events, {.number = 1, .request_id = std::string(id.data(), id.size()), .unix_ms = unix_ms()});
  std::string head = "> POST " + host + request.path + '\n';
  for (const auto& [name, value] : request.headers) head += "> " + name + ": " + value + '\n';
  err(head + ">\n");
  print(request.body, pretty);
}

std::uint64_t print_requests(const Product& product, bool pretty) {
  std::vector<std::string> payloads;  // records are views into them
  if (!product.places.spool_dir.empty()) {
    spool::for_each_pending(product.places.spool_dir,
                            [&](std::string_view payload) { payloads.emplace_back(payload); });
  }
  const upload::Job limits;
  std::uint64_t requests = 0;
  for (sink::Config config : client::sinks(product.catalog, product.places)) {
    config.project_key = kHidden;
    const auto sink = sink::make(config);
    if (!sink) continue;
    std::string host = masked_url(config.host);
    while (host.ends_with('/')) host.pop_back();
    std::vector<event::Record> batch;
    std::unordered_set<std::string_view> uuids;
    std::size_t bytes = 0;
    const auto send = [&] {
      if (batch.empty()) return;
      ++requests;
      print_request(*sink, host, batch, pretty);
      batch.clear();
      uuids.clear();
      bytes = 0;
    };
    for (const std::string& payload : payloads) {
      const auto record = event::parse_record(payload);
      if (!record) continue;
      const std::string_view uuid = sink::uuid_of(*record);
      if (uuid.empty()) continue;
      if (batch.size() == limits.batch_events_max ||
          bytes + payload.size() > limits.batch_bytes_max || uuids.contains(uuid)) {
        send();
      }
      batch.push_back(*record);
      uuids.insert(uuid);
      bytes += payload.size();
    }
    send();
  }
  return requests;
}

}  // namespace

int show(const ShowArgs& args) {
  const auto product = find_product(args.product);
  if (!product) return fail(product.error());
  const std::string& spool_dir = product->places.spool_dir;
  const std::uint64_t count = args.wire      ? print_requests(*product, args.pretty)
                              : args.refused ? print_refused(spool_dir, args)
                                             : print_waiting(spool_dir, args);
  if (args.count) out(std::to_string(count) + '\n');
  if (!args.count && count == 0 && is_terminal(Stream::err)) {
    complain(args.refused ? "nothing was refused" : "nothing is waiting");
  }
  return kDone;
}

}  // namespace candor::cli
