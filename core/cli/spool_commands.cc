// show and flush: what waits, and having it sent.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <nlohmann/json.hpp>

#include "candor/client.h"
#include "commands.h"
#include "delivery_note.h"
#include "event/record.h"
#include "platform/file.h"
#include "product.h"
#include "spool/spool.h"
#include "terminal.h"
#include "upload/refused.h"

namespace candor::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kProgressEvery{250};

void print_event(std::string_view bytes, bool pretty) {
  if (!pretty) {
    out(std::string(bytes) + '\n');
    return;
  }
  const auto event = nlohmann::ordered_json::parse(bytes, nullptr, false);
  if (event.is_discarded()) return;
  out(event.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + '\n');
}

using Each = std::function<void(std::string_view bytes)>;

void for_each_waiting(const std::string& spool_dir, const Each& each) {
  if (spool_dir.empty()) return;
  spool::for_each_pending(spool_dir, [&](std::string_view payload) {
    if (const auto record = event::parse_record(payload)) each(record->bytes);
  });
}

void for_each_refused(const std::string& spool_dir, const Each& each) {
  const auto text = file::read(spool_dir + "/" + spool::kSetAsideFile, upload::kRefusedBytesMax);
  std::string_view rest = text ? std::string_view(*text) : std::string_view();
  for (std::size_t end; (end = rest.find('\n')) != std::string_view::npos;
       rest.remove_prefix(end + 1)) {
    each(rest.substr(0, end));
  }
}

struct Sums {
  std::uint64_t pending = 0, delivered = 0;
};

Sums sums(const std::string& spool_dir) {
  Sums total;
  for (const auto& [label, counts] : spool::tally(spool_dir).labels) {
    total.pending += counts[spool::kPending];
    total.delivered += counts[spool::kDelivered];
  }
  return total;
}

// A line on the terminal that says how many events are left, while it lives.
class Progress {
 public:
  explicit Progress(std::string spool_dir) {
    if (is_terminal(Stream::err)) thread_ = std::thread(&Progress::run, this, std::move(spool_dir));
  }
  ~Progress() {
    if (!thread_.joinable()) return;
    {
      const std::lock_guard lock(mutex_);
      done_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

 private:
  void run(const std::string& spool_dir) {
    bool shown = false;
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, kProgressEvery, [this] { return done_; })) {
      err("\r\033[Kcandor: " + counted(sums(spool_dir).pending, "event") + " waiting ...");
      shown = true;
    }
    if (shown) err("\r\033[K");
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  bool done_ = false;
  std::thread thread_;
};

}  // namespace

int show(const ShowArgs& args) {
  const auto product = find_product(args.product);
  if (!product) return fail(product.error());
  std::uint64_t count = 0;
  const auto each = [&](std::string_view bytes) {
    ++count;
    if (!args.count) print_event(bytes, args.pretty);
  };
  args.refused ? for_each_refused(product->places.spool_dir, each)
               : for_each_waiting(product->places.spool_dir, each);
  if (args.count) out(std::to_string(count) + '\n');
  if (!args.count && count == 0 && is_terminal(Stream::err)) {
    complain(args.refused ? "nothing was refused" : "nothing is waiting");
  }
  return kDone;
}

int flush(const FlushArgs& args) {
  const auto product = find_product(args.product);
  if (!product) return fail(product.error());
  const auto decision = consent::decide(product->terms, product->environment);
  if (!decision.enabled) {
    out(decision.explanation + " Nothing is sent.\n");
    return kDone;
  }
  const Sums before = sums(product->places.spool_dir);
  if (before.pending == 0) {
    out("Nothing is waiting.\n");
    return kDone;
  }
  Options options = client_options(args.product);
  options.delivery = Delivery::manual;
  const auto client = Client::open(std::move(options));
  bool sent = false;
  {
    const Progress progress(product->places.spool_dir);
    sent = client->flush(milliseconds{args.timeout_ms});
  }
  std::string problem = client->status().problem;
  client->close();
  const Sums after = sums(product->places.spool_dir);
  const std::uint64_t delivered = after.delivered - std::min(before.delivered, after.delivered);
  out(counted(delivered, "event") + " delivered, " + std::to_string(after.pending) + " waiting.\n");
  if (sent) return kDone;
  if (problem.empty()) problem = delivery_note(product->places.spool_dir).problem;
  complain(problem.empty() ? "not all could be sent in time; the rest waits for the next try"
                           : problem);
  return kFailed;
}

}  // namespace candor::cli
