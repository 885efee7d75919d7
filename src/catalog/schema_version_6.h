// SPDX-License-Identifier: Apache-2.0
// Version 6 of the schema. What an account is called, and its e-mail address, are its own: it keeps them when
// it leaves its organization.
#pragma once

namespace coffer::catalog {

inline constexpr const char* kVersion6 = R"(
ALTER TABLE accounts ADD COLUMN name TEXT NOT NULL DEFAULT '';
ALTER TABLE accounts ADD COLUMN email TEXT NOT NULL DEFAULT '';
UPDATE accounts SET name = member.name, email = member.email
  FROM member_accounts AS member WHERE member.account = accounts.id;
CREATE INDEX accounts_by_email ON accounts (email COLLATE NOCASE) WHERE email <> '';
DROP INDEX member_accounts_by_email;
ALTER TABLE member_accounts DROP COLUMN name;
ALTER TABLE member_accounts DROP COLUMN email;
)";

}  // namespace coffer::catalog
