// What --help says beside the options: behaviour, exit codes, examples. A test runs the examples.
#pragma once

namespace candor::cli {

inline constexpr char kDescription[] =
    "candor - telemetry that a catalog declares, a user can read, and nothing loses";

inline constexpr char kFooter[] = R"(Environment:
  CANDOR_CATALOG             the catalog when --catalog is not given
  PREFIX_TELEMETRY_DISABLED  telemetry off for a product; PREFIX is its catalog's env_prefix
  DO_NOT_TRACK               telemetry off for every product
  PREFIX_TELEMETRY_DEBUG     print events on standard error instead of keeping them
  PREFIX_TELEMETRY_ENDPOINT  send events to this host instead; http:// may be any host
  NO_COLOR                   no colours

Exit codes:
  0  done, also when telemetry is off
  1  the thing asked for failed
  2  wrong arguments, or an event that was rejected

Examples:
  candor check acme.telemetry.jsonc
  export CANDOR_CATALOG=acme.telemetry.jsonc
  candor emit plan_completed outcome=ok durationMs:=25.4 --product-version 1.2.3
  candor show --pretty
  candor status

`candor help COMMAND` says more of each command.)";

inline constexpr char kCheckFooter[] =
    R"(Prints FILE:LINE:COLUMN: error|warning: TEXT [RULE] for each problem, all in one run.
Every key and rule of a catalog is explained in candor's docs/catalog.md.
Exit codes: 0 no errors; 1 errors, or a file can't be read; 2 wrong arguments.

Examples:
  candor check acme.telemetry.jsonc
  candor check --json schema/*.telemetry.jsonc
  generate-catalog | candor check -
  candor check --rules)";

inline constexpr char kSchemaFooter[] =
    R"(The artifact is a JSON Schema (2020-12) of whole events. Commit it, and let
continuous integration run --check, so that nobody changes what is sent unseen.
Exit codes: 0 done; 1 stale, or the catalog has errors; 2 wrong arguments.

Examples:
  candor schema acme.telemetry.jsonc -o acme.schema.json
  candor schema acme.telemetry.jsonc --check acme.schema.json)";

inline constexpr char kGenerateFooter[] =
    R"(With these types a misspelt event or field is an error of the type checker. Nothing
of them is there when the program runs. Commit the file, and let continuous
integration run --check.
Exit codes: 0 done; 1 stale, or the catalog has errors; 2 wrong arguments.

Examples:
  candor generate acme.telemetry.jsonc --language typescript -o acme.d.ts
  candor generate acme.telemetry.jsonc --language python -o acme_telemetry.pyi
  candor generate acme.telemetry.jsonc --language python --check acme_telemetry.pyi)";

inline constexpr char kEmitFooter[] =
    R"(Fields: name=TEXT gives text, name:=JSON a number, boolean, array or object:
count:=3, 'tags:=["a","b"]'.

With - as the event, each line of standard input is one:
  {"event": "plan_completed", "fields": {"outcome": "ok", "durationMs": 25.4},
   "timestamp": "2026-01-02T03:04:05.678Z", "uuid": "...", "distinct_id": "...",
   "project_dir": "...", "project_id": "..."}
Only the event is required. A rejected line does not stop the lines after it. With
--json, each line is answered by one on standard output:
  {"line":1,"result":"accepted"}
  {"line":2,"result":"rejected","code":"too_long","field":"errorClass"}
Results are accepted, disabled, rejected, dropped, and malformed for a line that is
no event; --dry-run adds the event's "bytes".

Exit codes: 0 kept, or telemetry is off; 1 dropped, or the catalog has errors;
2 wrong arguments, or rejected. Messages name fields and never repeat a value.

Examples:
  candor emit plan_completed outcome=ok durationMs:=25.4 --product-version 1.2.3
  candor emit plan_completed outcome=ok durationMs:=25.4 --product-version 1.2.3 --dry-run
  candor emit plan_completed outcome=ok durationMs:=25.4 --product-version 1.2.3 \
    --source host.region=eu
  my-program | candor emit - --json --product-version 1.2.3)";

inline constexpr char kShowFooter[] =
    R"(One event a line, oldest first: who it is about ("distinct_id"), the project's hash
if it has one, then exactly the bytes that were recorded.

With --wire: the requests that a server would get for them now, a body a line, before
compression; where they would go and their headers on standard error. Keys are shown as
***. Nothing is sent or written; works when telemetry is off.
Exit codes: 0 done; 1 the catalog has errors; 2 wrong arguments.

Examples:
  candor show
  candor show --pretty | less
  candor show --wire --pretty
  candor show --refused
  candor show --count)";

inline constexpr char kFlushFooter[] =
    R"(Sends what waits and returns when nothing is left, or after the timeout.
Exit codes: 0 nothing is left, or telemetry is off; 1 something still waits;
2 wrong arguments.

Examples:
  candor flush
  candor flush --timeout-ms 5000)";

inline constexpr char kStatusFooter[] =
    R"(Says whether telemetry is on, which rule decided that, who this install is, where
its files are and what waits. Writes nothing.
Exit codes: 0 done, whether on or off; 1 the catalog has errors; 2 wrong arguments.

Examples:
  candor status
  candor status --json | jq .enabled)";

inline constexpr char kEnableFooter[] =
    R"(Writes "enabled": true to the product's identity file. An environment variable, a
machine policy or continuous integration may still keep telemetry off; the command
says so then.
Exit codes: 0 written; 1 it could not be; 2 wrong arguments.)";

inline constexpr char kDisableFooter[] =
    R"(Writes "enabled": false to the product's identity file and deletes every event that
has not been sent. Running processes follow within a second.
Exit codes: 0 written; 1 it could not be; 2 wrong arguments.)";

inline constexpr char kCompletionFooter[] =
    R"(Completes commands, options, and with a catalog the names of events and fields.
Exit codes: 0 done; 2 wrong arguments.

Examples:
  source <(candor completion bash)
  candor completion zsh > ~/.zfunc/_candor
  candor completion fish > ~/.config/fish/completions/candor.fish)";

inline constexpr char kUploadDescription[] =
    "Internal: what a process that ends starts to send its events. Takes a job on standard "
    "input; to send what waits, see `candor flush --help`.";

}  // namespace candor::cli
