// flush: having sent what waits.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "candor/client.h"
#include "commands.h"
#include "delivery_note.h"
#include "product.h"
#include "spool/spool.h"
#include "terminal.h"

namespace candor::cli {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kProgressEvery{250};

struct Sums {
  std::uint64_t pending = 0, delivered = 0, refused = 0;
};

Sums sums(const std::string& spool_dir) {
  Sums total;
  for (const auto& [label, counts] : spool::tally(spool_dir).labels) {
    total.pending += counts[spool::kPending];
    total.delivered += counts[spool::kDelivered];
    total.refused += counts[spool::counter_of(Reason::refused)];
    total.refused += counts[spool::counter_of(Reason::oversize)];
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

int flush(const FlushArgs& args) {
  const auto product = find_product(args.product);
  if (!product) return fail(product.error());
  const auto decision = consent::decide(product->terms, product->environment);
  if (decision.rule == consent::Rule::home_unwritable) return fail({decision.explanation});
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
  FlushResult result;
  {
    const Progress progress(product->places.spool_dir);
    result = client->flush(milliseconds{args.timeout_ms});
  }
  client->close();
  const Sums after = sums(product->places.spool_dir);
  // By the ledger: another process may have delivered some of them meanwhile.
  const std::uint64_t delivered = after.delivered - std::min(before.delivered, after.delivered);
  const std::uint64_t refused = after.refused - std::min(before.refused, after.refused);
  out(counted(delivered, "event") + " delivered, " +
      (refused == 0 ? "" : std::to_string(refused) + " refused, ") + std::to_string(after.pending) +
      " waiting.\n");
  if (result && refused == 0) return kDone;
  if (refused > 0) {
    complain("the server refused " + counted(refused, "event") +
             (result.why.empty() ? "" : " (" + printable(result.why) + ")") +
             "; see candor show --refused");
  }
  if (result) return kFailed;
  // What an earlier upload met says more than that this one found no time.
  std::string why = delivery_note(product->places.spool_dir).problem;
  if (why.empty()) why = printable(result.why);
  complain(why.empty() ? "not all could be sent; the rest waits for the next try" : why);
  return kFailed;
}

}  // namespace candor::cli
