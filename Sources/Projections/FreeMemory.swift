import CMalloc

/// Gives memory that is free in the C library's heap back to the system. Cells are many arrays that grow, and leave holes
/// between others that stay; those count as the program's until then. O(free pieces of the heap).
func giveBackFreeMemory() { _ = malloc_trim(0) }
