/* Preloaded under the program by test_order.py: plants a disk to which nothing is ever synced. */
#include <stdatomic.h>
#include <stdio.h>

int fdatasync(int file) {
  static atomic_flag told = ATOMIC_FLAG_INIT;
  (void)file;
  if (!atomic_flag_test_and_set(&told)) fputs("planted: nothing is synced\n", stderr);
  return 0;
}

int fsync(int file) { return fdatasync(file); }
