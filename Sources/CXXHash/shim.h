#include <xxhash.h>

// On x86 the library has a function for each width of vectors, and one that takes the widest which the processor has. All
// give the same hashes.
#if defined(__x86_64__) && __has_include(<xxh_x86dispatch.h>)
#include <xxh_x86dispatch.h>
#endif

static inline XXH64_hash_t cxxhash_64bits(const void *bytes, size_t byteCount) {
  return XXH3_64bits(bytes, byteCount);
}

static inline XXH128_hash_t cxxhash_128bits(const void *bytes, size_t byteCount) {
  return XXH3_128bits(bytes, byteCount);
}
