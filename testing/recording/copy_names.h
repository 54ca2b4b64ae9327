// Names for the rows that a store makes by itself: copies of dead messages, whose ids every store derives in its own
// way. A recording calls them by whose copy they are and in which order they came out, so that what is later done to
// such a row finds its counterpart in another store. One thread.
#pragma once

#include <map>
#include <string>

#include "ports/message_log.h"

namespace waybill::recording {

class CopyNames {
 public:
  /// Names the copies that this commit brought to light.
  void learn(const Committed& committed);

  /// The store's id as a recording calls it; the id of any other row is its own name.
  [[nodiscard]] const MessageId& name_of(const MessageId& id) const;
  /// The write as it is recorded: about names instead of the store's ids.
  [[nodiscard]] Write named(Write write) const;
  /// And back. A name that this store has not brought to light is left, and will be an unknown id.
  [[nodiscard]] Write resolved(Write write) const;

 private:
  using Ids = std::map<MessageId, MessageId>;
  void add(const MessageId& id, const std::string& original);
  [[nodiscard]] static const MessageId& find(const Ids& ids, const MessageId& id);

  Ids names_;                          // by the store's id
  Ids ids_;                            // by name
  std::map<std::string, int> copies_;  // how many are named, by the original's id
};

}  // namespace waybill::recording
