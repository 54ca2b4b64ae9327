/* Preloaded under the program by test_order.py: plants PRAGMA synchronous=OFF on every connection, after the program
 * has set and asserted its own, just before its first transaction. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

typedef struct sqlite3 sqlite3;
typedef struct sqlite3_stmt sqlite3_stmt;
typedef int prepare_function(sqlite3*, const char*, int, unsigned, sqlite3_stmt**, const char**);
typedef int exec_function(sqlite3*, const char*, int (*)(void*, int, char**, char**), void*, char**);

static void plant(sqlite3* database, const char* sql) {
  static __thread int planting = 0;
  if (planting || strncmp(sql, "BEGIN", 5) != 0) return;
  planting = 1;
  exec_function* exec = (exec_function*)dlsym(RTLD_NEXT, "sqlite3_exec");
  if (exec(database, "PRAGMA synchronous=OFF", NULL, NULL, NULL) == 0) fputs("planted synchronous=OFF\n", stderr);
  planting = 0;
}

int sqlite3_prepare_v3(sqlite3* database, const char* sql, int bytes, unsigned flags, sqlite3_stmt** statement,
                       const char** tail) {
  plant(database, sql);
  prepare_function* prepare = (prepare_function*)dlsym(RTLD_NEXT, "sqlite3_prepare_v3");
  return prepare(database, sql, bytes, flags, statement, tail);
}

int sqlite3_prepare_v2(sqlite3* database, const char* sql, int bytes, sqlite3_stmt** statement, const char** tail) {
  return sqlite3_prepare_v3(database, sql, bytes, 0, statement, tail);
}
