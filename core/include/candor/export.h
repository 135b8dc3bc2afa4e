// Symbols are hidden unless marked here, so two copies of candor can live in
// one process without seeing each other.
#pragma once

#if defined(_WIN32)
#define CANDOR_EXPORT __declspec(dllexport)
#else
#define CANDOR_EXPORT __attribute__((visibility("default")))
#endif
