// What became of the recipients of a mail, `mail_recipient` (core/recipients.h). Most messages have none.
#pragma once

#include <vector>

#include "log/sqlite/transaction.h"
#include "ports/message_log.h"

namespace waybill::sqlite {

/// Of a finish, whatever became of its outcome; nothing if there is no row. Its recipients have been checked.
void record_recipients(Transaction& tx, const Finish& write);
/// Those that have refused are to be tried again; what they said stays to be read.
void open_refused(Transaction& tx, const MessageId& id);
/// By address.
[[nodiscard]] std::vector<RecordedRecipient> read_recipients(Connection& db, const MessageId& id);
[[nodiscard]] std::vector<RecipientRecord> recipients_of(Transaction& tx, const MessageId& id);

}  // namespace waybill::sqlite
