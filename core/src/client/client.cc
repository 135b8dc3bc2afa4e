// Puts the parts together: consent gate, encoder, spool, delivery. Policy lives in the parts.
#include "candor/client.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <limits>
#include <mutex>
#include <utility>
#include <vector>

#include "base/environment.h"
#include "base/text.h"
#include "catalog/catalog.h"
#include "client/delivery.h"
#include "client/log.h"
#include "client/secrets.h"
#include "client/setup.h"
#include "consent/consent.h"
#include "event/encoder.h"
#include "event/record.h"
#include "identity/identity.h"
#include "platform/clock.h"
#include "platform/file.h"
#include "platform/guest.h"
#include "platform/per_process.h"
#include "platform/random.h"
#include "platform/standard_error.h"
#include "platform/system.h"
#include "platform/waiting.h"
#include "spool/home.h"
#include "spool/spool.h"

namespace candor {
namespace {

// Who the events are about. Made when consent is first found, kept until the client ends.
struct Sender {
  std::string install_id;
  std::string distinct_id;
  std::string project;
};

// Salts the project of what a test captures.
constexpr std::string_view kNoInstallId = "00000000-0000-0000-0000-000000000000";

// Code::none when it may be a sender's.
Code check_distinct_id(std::string_view id) noexcept {
  if (id.empty()) return Code::bad_pattern;
  if (!utf8_length(id)) return Code::invalid_utf8;
  return id.size() > event::kDistinctIdBytesMax ? Code::too_long : Code::none;
}

bool is_home_trouble(consent::Rule rule) noexcept {
  return rule == consent::Rule::home_unwritable || rule == consent::Rule::foreign_home;
}

Outcome rejected(Code code, std::string_view field) {
  return Outcome{Result::rejected, code, Reason::none, std::string(field), {}};
}

// Event ids: UUIDv7 whose random part is a counter that starts at a random place
// (RFC 9562 section 6.2, method 2), so an id costs one addition and sorts by emit.
class EventIds {
 public:
  EventIds() noexcept : low_(random_u64()) { fill_random(high_); }
  void abandon() noexcept {}
  void next(std::int64_t unix_ms, UuidText& to) noexcept {
    std::array<std::byte, 10> random;
    std::copy(high_.begin(), high_.end(), random.begin());
    const std::uint64_t low = low_.fetch_add(1, std::memory_order_relaxed);
    for (std::size_t i = 0; i < 8; ++i) random[2 + i] = static_cast<std::byte>(low >> (56 - 8 * i));
    format_uuid7(unix_ms, random, to);
  }

 private:
  std::array<std::byte, 2> high_{};
  std::atomic<std::uint64_t> low_;
};

}  // namespace

struct Client::Impl {
  Options options;
  Environment env;
  std::shared_ptr<const catalog::Catalog> catalog;
  client::Places places;
  std::string session_id;
  std::string problem;
  bool catalog_is_newer = false;
  std::string home_problem;  // why the home could not be used the last time it was tried
  bool debug = false;
  std::atomic<bool> first_run{false};

  std::unique_ptr<event::Encoder> encoder;
  std::unique_ptr<consent::Gate> gate;
  PerProcess<EventIds> ids;  // a child must not repeat its parent's
  std::uint32_t unknown_label = 0;
  client::Log log;
  WaitHooks hooks;

  // Empty until consent is found: a client that is off makes none of them.
  mutable std::mutex starting;  // guards `problem` and `home_problem` too
  std::atomic<Sender*> sender{nullptr};
  std::unique_ptr<Sender> owned_sender;
  std::unique_ptr<spool::Writer> writer;
  std::unique_ptr<client::Dispatcher> delivery;
  std::atomic<std::int64_t> tended_ms{0};
  std::atomic<bool> closed{false};
  std::atomic<bool> off_seen{false};
  std::atomic<bool> purged{false};
  // Events of signal handlers that interrupted the library: for each label, until they are counted.
  std::vector<std::atomic<std::uint32_t>> interrupted;
  std::atomic<bool> any_interrupted{false};

  void open();
  [[nodiscard]] bool captures() const noexcept { return options.capture || options.capture_sender; }
  void load_catalog();
  [[nodiscard]] std::optional<SourceValue> source(std::string_view name) const;
  bool start(const consent::Decision& decision) noexcept;
  void show_notice() noexcept;
  void tell_of_home(const std::string& trouble);
  [[nodiscard]] bool home_in_trouble() const;
  void withdraw() noexcept;
  void withdraw_again() noexcept {
    purged = false;
    withdraw();
  }
  // Answers why the choice could not be written; `halt` is what became of uploads.
  [[nodiscard]] std::string choose(bool enabled, spool::Halt& halt);
  [[nodiscard]] bool once_a_second(std::int64_t steady) noexcept {
    std::int64_t last = tended_ms.load(std::memory_order_relaxed);
    return steady - last >= consent::Gate::kFreshMs &&
           tended_ms.compare_exchange_strong(last, steady);
  }
  [[nodiscard]] const Sender* consenting(std::int64_t steady) noexcept;
  [[nodiscard]] const Sender* look_after_consent(std::int64_t steady) noexcept;
  [[nodiscard]] std::string project_of(const Sender& who, std::string_view directory) const {
    const Waiting waiting(hooks);
    return identity::project_id(who.install_id, std::string(directory));
  }
  // The project of one event; `room` holds an id that is made for it.
  [[nodiscard]] std::string_view project_for(const EmitOptions& how, const Sender& who,
                                             std::string& room) const {
    if (identity::is_project_id(how.project_id)) return how.project_id;
    if (how.project_dir.empty()) return who.project;
    return room = project_of(who, how.project_dir);
  }
  Outcome drop_interrupted(std::string_view name) noexcept;
  void count_interrupted() noexcept;
  Outcome encode(std::string_view name, std::span<const Field> fields, const EmitOptions& how,
                 int& index, event::Buffer& out) noexcept;
  Outcome emit(std::string_view name, std::span<const Field> fields, const EmitOptions& how);
  [[nodiscard]] std::uint32_t label_of(int index) const noexcept {
    return index < 0 ? unknown_label : static_cast<std::uint32_t>(index);
  }
};

void Client::Impl::load_catalog() {
  std::string text = std::move(options.catalog_text);
  const std::string origin = text.empty() ? options.catalog : "catalog";
  if (text.empty()) {
    if (options.catalog.empty()) {
      problem = "no catalog was given";
      return;
    }
    auto read = file::read(options.catalog, catalog::kCatalogBytesMax);
    if (!read) {
      problem = read.error().text;
      return;
    }
    text = std::move(*read);
  }
  catalog::Loaded loaded = catalog::load(text);
  catalog_is_newer = loaded.is_newer;
  if (!loaded.catalog) {
    const auto& first = loaded.problems.front();
    problem = origin + ":" + std::to_string(first.line) + ":" + std::to_string(first.column) +
              ": error: " + first.text + " [" + std::string(first.rule) + "]";
    return;
  }
  catalog = std::make_shared<const catalog::Catalog>(std::move(*loaded.catalog));
}

std::optional<SourceValue> Client::Impl::source(std::string_view name) const {
  const auto given = options.sources.find(name);
  if (given != options.sources.end()) return given->second;
  const auto text = [](std::string value) -> std::optional<SourceValue> {
    if (value.empty()) return std::nullopt;
    return value;
  };
  if (name == "product.version") return text(options.product_version);
  if (name == "runtime.name") return text(options.runtime);
  if (name == "runtime.version") return text(options.runtime_version);
  if (name == "os.platform") return text(os_platform());
  if (name == "os.release") return text(os_release());
  if (name == "cpu.arch") return text(cpu_arch());
  if (name == "ci.detected") return SourceValue(!ci_name(env).empty());
  if (name == "agent.name") return text(agent_name(env));
  if (name == "session.id") return text(session_id);
  return std::nullopt;
}

void Client::Impl::open() {
  log.listen(options.log);
  hooks = {options.before_wait, options.after_wait};
  env = options.environment ? environment_of(*options.environment) : process_environment();
  const UuidText session = uuid4();
  session_id.assign(session.data(), session.size());
  load_catalog();
  if (!catalog) return;
  encoder = std::make_unique<event::Encoder>(
      catalog, options.runtime, [this](std::string_view name) { return source(name); },
      client::literals(options.secrets, log));
  options.secrets.clear();
  unknown_label = static_cast<std::uint32_t>(catalog->events.size());
  log.expect(catalog->events.size() + 1);
  interrupted = std::vector<std::atomic<std::uint32_t>>(catalog->events.size() + 1);
  log.tell_of_sources(options, *catalog);
  if (captures()) {
    owned_sender =
        std::make_unique<Sender>(Sender{std::string(kNoInstallId), options.distinct_id, {}});
    if (!options.project_dir.empty()) {
      owned_sender->project = identity::project_id(kNoInstallId, options.project_dir);
    }
    return;
  }
  if (!options.distinct_id.empty() && check_distinct_id(options.distinct_id) != Code::none) {
    problem = "distinct_id must be 1 to 200 bytes of UTF-8";
    return;
  }
  debug = is_signal(env(client::variable(*catalog, "TELEMETRY_DEBUG")));
  places = client::places(*catalog, options, env);
  gate = std::make_unique<consent::Gate>(client::terms(*catalog, options, places), env);
  const consent::Decision& decision = gate->first();
  if (debug) {  // who would be the sender, if that is known
    const std::string& install_id = decision.identity.install_id;
    owned_sender = std::make_unique<Sender>(
        Sender{install_id, options.distinct_id.empty() ? install_id : options.distinct_id, {}});
    if (!options.project_dir.empty() && !install_id.empty()) {
      owned_sender->project = identity::project_id(install_id, options.project_dir);
    }
    return;
  }
  if (decision.enabled) {
    if (!places.endpoint_problem.empty()) log.say("candor: " + places.endpoint_problem);
    start(decision);
  } else if (consent::is_withdrawal(decision.rule)) {
    withdraw();
  } else if (is_home_trouble(decision.rule)) {
    tell_of_home(decision.problem);
  }
}

// One line in the log for each new trouble.
void Client::Impl::tell_of_home(const std::string& trouble) {
  if (trouble == home_problem) return;
  home_problem = trouble;
  log.say("candor: telemetry is off: " + trouble);
}

bool Client::Impl::home_in_trouble() const {
  if (gate == nullptr || debug) return false;
  const consent::Decision decision = gate->decision();
  if (decision.rule == consent::Rule::home_unwritable) return true;
  const std::unique_lock lock(starting, std::try_to_lock);
  return decision.enabled && lock && !home_problem.empty();
}

// Mints the identity, shows the notice, and makes the parts that write. Under no lock at open,
// under `starting` when consent is given to a running process.
bool Client::Impl::start(const consent::Decision& decision) noexcept try {
  identity::Identity who = decision.identity;
  if (decision.rule == consent::Rule::ci_send) {
    // A runner is no user: its id ends with the session, and nobody reads a notice there.
    who.install_id = session_id;
    who.notice_version = catalog->product.notice_version;
  } else if (who.install_id.empty() || who.first_run_pending) {
    auto minted = identity::mint(places.identity_file, unix_ms());
    if (!minted) {
      tell_of_home(minted.error().text);
      return false;
    }
    who = minted->identity;
    first_run = minted->ours;
    if (who.enabled == false) return false;
  }
  if (who.notice_version < catalog->product.notice_version) show_notice();

  owned_sender = std::make_unique<Sender>();
  owned_sender->install_id = who.install_id;
  owned_sender->distinct_id = options.distinct_id.empty() ? who.install_id : options.distinct_id;
  if (!options.project_dir.empty()) {
    owned_sender->project = identity::project_id(who.install_id, options.project_dir);
  }
  writer = std::make_unique<spool::Writer>(
      places.spool_dir, client::labels(*catalog),
      spool::Limits{.bytes_max = options.spool_bytes_max,
                    .files_max = options.spool_files_max,
                    .age_max_ms = std::int64_t{options.spool_age_max_days} * 86'400'000},
      hooks, spool::Clock{}, Files{}, [this] {
        const bool withdrawn = consent::is_withdrawal(gate->decision().rule);
        if (withdrawn) gate->forget();
        return !withdrawn;
      });
  // A catalog may keep the first run's events for the next, when the notice was read in peace.
  const bool hold = first_run && catalog->product.notice_hold_first_run;
  delivery = std::make_unique<client::Dispatcher>(client::DeliveryPlan{
      .policy = client::DeliveryPolicy(hold ? Delivery::manual : options.delivery, options.flush_at,
                                       options.flush_interval_ms),
      .linked = options.uploader,
      .library = options.upload_library,
      .detach = {
          .program = options.uploader_program,
          .job = client::job(*catalog, options, places, client::terms(*catalog, options, places)),
          .spool_dir = places.spool_dir,
          .interval_ms = options.flush_interval_ms}});
  home_problem.clear();
  sender.store(owned_sender.get(), std::memory_order_release);
  return true;
} catch (...) {
  problem = "out of memory";
  return false;
}

void Client::Impl::show_notice() noexcept try {
  const std::string& notice = catalog->product.notice_text;
  const bool dimmed =
      standard_error_is_terminal() && env("NO_COLOR").value_or("").empty() && env("TERM") != "dumb";
  const std::string text = dimmed ? "\033[2m" + notice + "\033[0m\n" : notice + "\n";
  // Who waits for a reader of standard error has not asked for a notice.
  identity::show_notice_once(places.identity_file, catalog->product.notice_version, unix_ms(),
                             [&] { return write_to_standard_error(text, Wanted::no); });
} catch (...) {
  // Shown another time; until then nothing is sent.
}

// The user said no: what waits is deleted, once, by every process that notices.
void Client::Impl::withdraw() noexcept try {
  if (purged.exchange(true) || places.spool_dir.empty() || gate->home_is_foreign()) return;
  if (writer) writer->release(true);
  spool::purge(places.spool_dir);
  if (gate->decision().rule != consent::Rule::file_disabled) return;
  // The choice in the home's file is about every catalog that has its spool there.
  spool::purge_home(places.home);
  identity::finish_opt_out(places.identity_file, unix_ms());
} catch (...) {
  // The uploader asks for consent before every request, so nothing is sent all the same.
}

// The user decides here and now.
std::string Client::Impl::choose(bool enabled, spool::Halt& halt) {
  if (gate == nullptr) return {};
  // What an emit left that did not know of the user's no is not what a yes is about.
  if (enabled && gate->decision().identity.enabled == false) spool::purge_home(places.home);
  Done written = gate->choose(enabled, unix_ms());
  if (places.home.empty() || gate->home_is_foreign()) {
    return written ? std::string() : written.error().text;
  }
  gate->forget();
  static_cast<void>(gate->enabled(steady_ms()));
  tended_ms = 0;
  // Where another thread looks after consent at this moment, the next emit notices.
  if (const std::unique_lock lock(starting, std::try_to_lock); lock && !enabled) {
    // A choice that could not be written is still no reason to keep what waits.
    withdraw_again();
    // An emit that had passed the gate before may still write: the next one, or the end, looks
    // again.
    purged = off_seen = false;
  }
  // Whichever rule decides: the user's choice is about every spool of the home.
  spool::Purge swept;
  if (!enabled) halt = spool::withdraw_home(places.home, client::kHaltWaitMs, swept);
  // On a full disk the purge may have made the room that the choice needs.
  if (!enabled && !written) {
    written = gate->choose(enabled, unix_ms());
    gate->forget();
    static_cast<void>(gate->enabled(steady_ms()));
  }
  if (!written) return written.error().text;
  if (!swept.problem.empty()) {
    return "not everything that waits could be deleted: " + swept.problem;
  }
  return {};
}

// The sender while consent holds, else null. Looks at files at most once a second in either case.
const Sender* Client::Impl::consenting(std::int64_t steady) noexcept {
  if (closed.load(std::memory_order_relaxed) || gate == nullptr) return nullptr;
  if (const auto enabled = gate->known(steady)) {  // the usual emit: nothing is new, nothing due
    const Sender* const known = sender.load(std::memory_order_acquire);
    const bool off_known = off_seen.load(std::memory_order_relaxed);
    if (*enabled && known != nullptr && !off_known) return known;
    const bool due = steady - tended_ms.load(std::memory_order_relaxed) >= consent::Gate::kFreshMs;
    if (!*enabled && (known == nullptr || off_known) && !due) return nullptr;
  }
  const Waiting waiting(hooks);
  return look_after_consent(steady);
}

const Sender* Client::Impl::look_after_consent(std::int64_t steady) noexcept {
  const Sender* const known = sender.load(std::memory_order_acquire);
  const bool enabled = gate->enabled(steady);
  if (enabled && known != nullptr) {
    if (off_seen.load(std::memory_order_relaxed)) off_seen = purged = false;
    return known;
  }
  const bool news = !enabled && known != nullptr && !off_seen.exchange(true);
  if (!news && !once_a_second(steady)) return nullptr;
  // Never waits: whoever holds it does what is to be done (or did, before a fork).
  const std::unique_lock lock(starting, std::try_to_lock);
  if (!lock) return nullptr;
  if (enabled) {  // given to a running process, or not used before for want of a home
    if (sender.load() == nullptr) start(gate->decision());
    return sender.load();
  }
  // A file that another program is writing at this moment is no wish to leave.
  if (known == nullptr) return nullptr;
  const consent::Decision decision = gate->decision();
  if (consent::is_withdrawal(decision.rule)) withdraw();
  if (is_home_trouble(decision.rule)) tell_of_home(decision.problem);
  return nullptr;
}

Outcome Client::Impl::encode(std::string_view name, std::span<const Field> fields,
                             const EmitOptions& how, int& index, event::Buffer& out) noexcept {
  index = encoder->find(name);
  if (index < 0) return rejected(Code::unknown_event, "");
  if (!how.wrong_type.empty()) return rejected(Code::wrong_type, how.wrong_type);
  if (how.distinct_id) {
    const Code code = check_distinct_id(*how.distinct_id);
    if (code != Code::none) return rejected(code, "distinct_id");
  }
  if (!how.project_id.empty() && !identity::is_project_id(how.project_id)) {
    return rejected(Code::bad_pattern, "project_id");
  }
  event::Stamp stamp;
  stamp.unix_ms = how.timestamp_ms ? *how.timestamp_ms : unix_ms();
  if (stamp.unix_ms < 0 || stamp.unix_ms > kUnixMsMax) {
    return rejected(Code::out_of_range, "timestamp");
  }
  if (!how.uuid) {
    ids->next(stamp.unix_ms, stamp.uuid);
  } else if (is_uuid(*how.uuid)) {
    std::copy(how.uuid->begin(), how.uuid->end(), stamp.uuid.begin());
  } else {
    return rejected(Code::bad_pattern, "uuid");
  }
  Outcome outcome = encoder->encode(index, fields, stamp, out);
  if (outcome && how.return_uuid) outcome.uuid.assign(stamp.uuid.data(), stamp.uuid.size());
  return outcome;
}

Outcome Client::Impl::emit(std::string_view name, std::span<const Field> fields,
                           const EmitOptions& how) {
  int index = -1;
  event::Buffer out;
  if (captures() || debug) {
    if (closed.load(std::memory_order_relaxed) || !encoder) return Outcome{Result::disabled};
    Outcome outcome = encode(name, fields, how, index, out);
    if (!outcome) log.tell(label_of(index), name, outcome, {});
    std::string room;
    const event::Record record{how.distinct_id.value_or(owned_sender->distinct_id),
                               project_for(how, *owned_sender, room), out.view()};
    if (!captures()) {
      const Waiting waiting(hooks);
      write_to_standard_error(
          (outcome ? event::to_line(record) : client::describe(name, outcome, {})) + "\n",
          Wanted::yes);
      return outcome;
    }
    const Outside outside;
    if (outcome && options.capture_sender) {
      options.capture_sender(record.bytes, record.distinct_id, record.project);
    } else if (outcome) {
      options.capture(record.bytes);
    }
    return outcome;
  }

  const std::int64_t steady = steady_ms();
  const Sender* const who = consenting(steady);
  if (who == nullptr) return Outcome{Result::disabled};
  if (once_a_second(steady)) {
    const Waiting waiting(hooks);
    writer->tend();
  }

  const std::string_view distinct_id =
      how.distinct_id && check_distinct_id(*how.distinct_id) == Code::none ? *how.distinct_id
                                                                           : who->distinct_id;
  std::string room;
  event::append_record_header(out, distinct_id, project_for(how, *who, room));
  Outcome outcome = encode(name, fields, how, index, out);
  const std::uint32_t label = label_of(index);
  if (outcome) {
    const spool::Counter kept = writer->append(label, out.view());
    if (kept == spool::kPending) {
      delivery->emitted();
    } else if (kept == spool::counter_of(Reason::opted_out)) {
      static_cast<void>(consenting(steady_ms()));  // deletes what waits
      return Outcome{Result::disabled};
    } else {
      outcome = Outcome{Result::dropped, Code::none, static_cast<Reason>(kept), {}, {}};
      log.tell(label, name, outcome, [this] { return writer->trouble(); });
    }
  } else {
    writer->count(label, static_cast<spool::Counter>(outcome.code));
    log.tell(label, name, outcome, {});
  }
  if (any_interrupted.load(std::memory_order_relaxed)) count_interrupted();
  return outcome;
}

// A signal handler's event, when the thread may hold any of our locks: nothing but atomics.
Outcome Client::Impl::drop_interrupted(std::string_view name) noexcept {
  if (closed.load(std::memory_order_relaxed) || !encoder) return Outcome{Result::disabled};
  if (sender.load(std::memory_order_acquire) != nullptr &&
      !off_seen.load(std::memory_order_relaxed)) {
    interrupted[label_of(encoder->find(name))].fetch_add(1, std::memory_order_relaxed);
    any_interrupted.store(true, std::memory_order_release);
  }
  return Outcome{Result::dropped, Code::none, Reason::interrupted, {}, {}};
}

void Client::Impl::count_interrupted() noexcept {
  any_interrupted.store(false, std::memory_order_relaxed);
  for (std::uint32_t label = 0; label < interrupted.size(); ++label) {
    for (auto n = interrupted[label].exchange(0); n > 0; --n) {
      writer->count(label, spool::counter_of(Reason::interrupted));
    }
  }
}

Client::Client(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}

std::unique_ptr<Client> Client::open(Options options) noexcept {
  const CancellationDeferred uncancelled;
  auto impl = std::make_unique<Impl>();
  impl->options = std::move(options);
  try {
    impl->open();
  } catch (...) { impl->problem = "the client could not be opened: out of memory"; }
  if (!impl->problem.empty()) impl->log.say("candor: telemetry is off: " + impl->problem);
  return std::unique_ptr<Client>(new Client(std::move(impl)));
}

Client::~Client() { close(); }

Outcome Client::emit(std::string_view event, std::span<const Field> fields,
                     const EmitOptions& options) noexcept try {
  const ErrnoKept errno_kept;
  const Inside inside;
  if (!inside.outermost()) return impl_->drop_interrupted(event);
  return impl_->emit(event, fields, options);
} catch (...) { return Outcome{Result::dropped, Code::none, Reason::disk_error, {}, {}}; }

Outcome Client::encode(std::string_view event, std::span<const Field> fields, std::string& bytes,
                       const EmitOptions& options) noexcept try {
  if (!impl_->encoder) return Outcome{Result::disabled};
  int index = -1;
  event::Buffer out;
  Outcome outcome = impl_->encode(event, fields, options, index, out);
  if (outcome) bytes.assign(out.view());
  return outcome;
} catch (...) { return Outcome{Result::dropped, Code::none, Reason::disk_error, {}, {}}; }

FlushResult Client::flush(std::chrono::milliseconds timeout) noexcept try {
  const CancellationDeferred uncancelled;
  FlushResult result;
  if (impl_->closed.load() && impl_->delivery) {
    result.why = "the client is closed";
    return result;
  }
  const auto consenting = [&] {
    const Inside inside;  // while it waits below, a signal handler may emit
    return impl_->consenting(steady_ms()) != nullptr;
  };
  if (!consenting()) {
    // Nothing may be sent, unless it is for want of a home.
    result.complete = !impl_->home_in_trouble();
    result.why = result.complete ? "telemetry is off" : "the home can't be written";
    return result;
  }
  const auto ms =
      std::clamp<std::int64_t>(timeout.count(), 0, std::numeric_limits<std::int32_t>::max());
  candor_flush_result done{};
  if (impl_->delivery->flush(static_cast<std::int32_t>(ms), done)) {
    result.complete = done.complete == 1;
    result.delivered = done.delivered;
    result.refused = done.refused;
    result.why = done.why;
  } else if (impl_->delivery->lacks_uploader()) {
    result.why = "the upload part could not be loaded";
    impl_->log.tell_of_missing_uploader();
  } else {
    result.why = "no uploader could be started in time";
  }
  if (!result.complete) result.waiting = spool::count_pending(impl_->places.spool_dir);
  return result;
} catch (...) { return {}; }

void Client::close(std::chrono::milliseconds timeout) noexcept try {
  const ErrnoKept errno_kept;
  const CancellationDeferred uncancelled;
  if (impl_->closed.load()) return;
  if (timeout.count() > 0) static_cast<void>(flush(timeout));
  if (impl_->closed.exchange(true)) return;
  const bool detaches = impl_->delivery && impl_->delivery->stop();
  if (impl_->writer) {
    if (impl_->any_interrupted.load()) impl_->count_interrupted();
    impl_->writer->release();
  }
  if (detaches && impl_->gate->decision().may_send && spool::is_pending(impl_->places.spool_dir)) {
    impl_->delivery->detach();
  }
  // What was written while the user said no.
  if (impl_->sender.load() != nullptr && !impl_->gate->enabled(steady_ms()) &&
      consent::is_withdrawal(impl_->gate->decision().rule)) {
    impl_->withdraw_again();
  }
} catch (...) {
  // No memory to read consent with: the next client deletes what there is.
}

Status Client::status() const {
  const CancellationDeferred uncancelled;
  Status status;
  // Busy only while a home is being made, or for ever after a fork in that moment.
  std::string home_problem;
  if (const std::unique_lock lock(impl_->starting, std::try_to_lock); lock) {
    status.problem = impl_->problem;
    home_problem = impl_->home_problem;
  }
  if (impl_->captures()) {
    status.enabled = impl_->catalog != nullptr;
    status.rule = "captured";
    status.explanation = "Events go to a test, and nowhere else.";
    return status;
  }
  if (!impl_->catalog) {
    status.rule = impl_->catalog_is_newer ? "catalog_newer" : "catalog_unreadable";
    status.explanation =
        impl_->catalog_is_newer
            ? "Telemetry is off because the catalog is for a newer version of candor than this."
            : "Telemetry is off because the catalog could not be used.";
    return status;
  }
  const client::Places places = client::places(*impl_->catalog, impl_->options, impl_->env);
  const consent::Terms terms = client::terms(*impl_->catalog, impl_->options, places);
  consent::Decision decision = consent::decide(terms, impl_->env);
  // Only a try could show it: the disk is full, say.
  if (decision.enabled && !home_problem.empty()) consent::find_unwritable(decision, home_problem);
  if (decision.rule == consent::Rule::home_unwritable) status.problem = decision.problem;
  if (status.problem.empty()) status.problem = places.endpoint_problem;
  status.enabled = decision.enabled;
  status.rule = consent::name(decision.rule);
  status.explanation = decision.explanation;
  status.install_id =
      decision.rule == consent::Rule::ci_send ? impl_->session_id : decision.identity.install_id;
  status.identity_file = places.identity_file;
  status.spool_dir = places.spool_dir;
  status.endpoint = places.endpoint_shown;
  status.endpoint_insecure = places.endpoint_insecure;
  status.notice_shown = decision.identity.notice_version >= impl_->catalog->product.notice_version;
  return status;
}

Status Client::choose(bool enabled) {
  const CancellationDeferred uncancelled;
  const Inside inside;
  spool::Halt halt = spool::Halt::idle;
  const std::string problem = impl_->choose(enabled, halt);
  Status status = this->status();
  if (!problem.empty()) status.problem = problem;
  if (enabled) return status;
  status.upload = client::name(halt);
  if (const std::string_view said = client::sentence(halt); !said.empty()) {
    status.explanation.append(" ").append(said);
  }
  return status;
}

std::string Client::project_id(std::string_view directory) {
  const CancellationDeferred uncancelled;
  const Inside inside;
  const Sender* const who = impl_->captures() || impl_->debug ? impl_->owned_sender.get()
                                                              : impl_->consenting(steady_ms());
  return who == nullptr ? std::string() : impl_->project_of(*who, directory);
}

Ledger Client::stats() const {
  const CancellationDeferred uncancelled;
  const std::string& dir = impl_->places.spool_dir;
  spool::Tally tally = dir.empty() ? spool::Tally() : spool::tally(dir);
  if (impl_->sender.load(std::memory_order_acquire) != nullptr) impl_->writer->add_unwritten(tally);
  return client::ledger(tally);
}

bool Client::first_run() const noexcept { return impl_->first_run; }

}  // namespace candor
