// GLib and GMime are not built for ThreadSanitizer, which therefore does not see their locks and reports what they
// guard.
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "called_from_lib:libglib-2.0.so\n"
         "called_from_lib:libgobject-2.0.so\n"
         "called_from_lib:libgmime-3.0.so\n"
         "race:libglib-2.0.so\n";
}
