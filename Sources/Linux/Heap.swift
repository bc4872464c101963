internal import CLinux

/// The memory that this process has from the kernel for its objects.
package enum Heap {
    /// From now on blocks of 128 KiB and more go back to the kernel as soon as they are freed.
    ///
    /// By default glibc raises that size with each such block that is freed, up to 32 MiB, so that tables
    /// that grew leave holes behind (`mallopt(3)`, `M_MMAP_THRESHOLD`).
    package static func giveLargeBlocksBack() { mallopt(M_MMAP_THRESHOLD, 128 << 10) }

    /// Gives back what is free in the middle of the heap too, which `free` by itself does not.
    ///
    /// After work that needed much more than what it leaves (`malloc_trim(3)`, glibc 2.8).
    package static func trim() { malloc_trim(0) }
}
