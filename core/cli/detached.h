// The detached uploader: what `candor upload` is, started by a client that ends, never by hand.
#pragma once

namespace candor::cli {

// Reads a job on standard input and uploads until its spool is empty, its interval is over, or its
// deadline has come. Says nothing; returns what the process exits with.
int upload_detached();

}  // namespace candor::cli
