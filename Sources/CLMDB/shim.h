#include <lmdb.h>
#include <sys/file.h>
#include <sys/statvfs.h>

/// `flock(2)` by a name that Swift does not confuse with `struct flock`.
static inline int clmdb_flock(int fd, int operation) { return flock(fd, operation); }
