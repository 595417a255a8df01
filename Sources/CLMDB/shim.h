#include <lmdb.h>
#include <sys/file.h>
#include <sys/statvfs.h>

/// `flock(2)` by a name that Swift does not confuse with `struct flock`.
static inline int clmdb_flock(int fd, int operation) { return flock(fd, operation); }

/// `fallocate(2)`, which the headers show only to GNU sources.
extern int fallocate(int fd, int mode, off_t offset, off_t length);
static inline int clmdb_fallocate(int fd, off_t length) { return fallocate(fd, 0, 0, length); }

/// Makes a hole of a part of a file, whose size stays the same (FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE).
static inline int clmdb_punch_hole(int fd, off_t offset, off_t length) {
  return fallocate(fd, 0x01 | 0x02, offset, length);
}
