// SPDX-License-Identifier: Apache-2.0
// The state store: SQLite in WAL mode with synchronous=FULL and secure_delete. All SQL of the product is in
// this folder. Reads and writes happen inside a transaction; writers that wait at the same time share one
// commit (one fsync), each under a savepoint of its own, so that one writer's failure undoes only its own
// changes.
#pragma once
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "catalog/iam_rows.h"
#include "catalog/organization_rows.h"
#include "catalog/rows.h"
#include "catalog/wrapped_settings.h"

namespace coffer::catalog {

// Every statement of the product, on one connection. Lists are paginated by key: `after` is the last key of
// the page before, or empty; at most `limit` rows are returned.
class Transaction {
 public:
  virtual ~Transaction() = default;

  // Installation settings. set_setting takes no wrapped one.
  virtual Result<std::optional<std::string>> setting(const std::string& name) = 0;
  virtual Status set_setting(const std::string& name, const std::string& value) = 0;

  virtual Status insert_account(const Account& account) = 0;  // kConflict if it exists
  virtual Result<std::optional<Account>> account(const std::string& id) = 0;
  virtual Result<std::vector<Account>> accounts() = 0;
  virtual Status set_account_closed(const std::string& id, std::optional<Timestamp> closed) = 0;  // kNotFound
  virtual Result<size_t> count_closed_accounts() = 0;
  virtual Status insert_access_key(const AccessKey& key) = 0;
  virtual Result<std::optional<AccessKey>> access_key(const std::string& id) = 0;

  // Users, groups and roles; iam_rows.h.
  virtual Status insert_iam_entity(const IamEntity& entity) = 0;  // kConflict if the name is taken
  virtual Status update_iam_entity(const IamEntity& entity) = 0;  // but for its tags
  // With its tags and inline policies; memberships, attachments and access keys must be gone.
  virtual Status remove_iam_entity(const std::string& id) = 0;
  virtual Result<std::optional<IamEntity>> iam_entity(const std::string& id) = 0;
  virtual Result<std::optional<IamEntity>> iam_entity_named(const std::string& account,
                                                            const std::string& kind,
                                                            const std::string& name) = 0;
  // By name, those whose path begins with `path_prefix`; without their tags.
  virtual Result<std::vector<IamEntity>> iam_entities(const std::string& account, const std::string& kind,
                                                      const std::string& path_prefix,
                                                      const std::string& after, size_t limit) = 0;
  // Of whatever has an id of IAM's, and of an identity provider by its ARN.
  virtual Status replace_iam_tags(const std::string& id,
                                  const std::vector<std::pair<std::string, std::string>>& tags) = 0;
  virtual Result<std::vector<std::pair<std::string, std::string>>> iam_tags(const std::string& id) = 0;

  virtual Status put_inline_policy(const std::string& entity_id, const NamedPolicy& policy) = 0;
  virtual Status remove_inline_policy(const std::string& entity_id,
                                      const std::string& name) = 0;                            // kNotFound
  virtual Result<std::vector<NamedPolicy>> inline_policies(const std::string& entity_id) = 0;  // by name

  virtual Status insert_managed_policy(const ManagedPolicy& policy) = 0;  // kConflict if the name is taken
  virtual Status update_managed_policy(const ManagedPolicy& policy) = 0;  // its versions' numbers
  virtual Status remove_managed_policy(const std::string& arn) = 0;       // with its versions and tags
  virtual Result<std::optional<ManagedPolicy>> managed_policy(const std::string& arn) = 0;
  // By ARN.
  virtual Result<std::vector<ManagedPolicy>> managed_policies(const std::string& account,
                                                              const std::string& path_prefix,
                                                              const std::string& after, size_t limit) = 0;
  virtual Status insert_policy_version(const PolicyVersion& version) = 0;
  virtual Status remove_policy_version(const std::string& arn, uint32_t version) = 0;
  virtual Result<std::vector<PolicyVersion>> policy_versions(const std::string& arn) = 0;  // newest first

  // Attached twice is attached once.
  virtual Status attach_policy(const std::string& entity_id, const std::string& policy_arn) = 0;
  virtual Status detach_policy(const std::string& entity_id, const std::string& policy_arn) = 0;  // kNotFound
  virtual Result<std::vector<std::string>> attached_policies(const std::string& entity_id) = 0;
  // By name. What has it as its boundary is not among them.
  virtual Result<std::vector<IamEntity>> entities_with_policy(const std::string& policy_arn) = 0;
  virtual Result<size_t> count_boundaries(const std::string& account, const std::string& policy_arn) = 0;
  virtual Result<std::vector<IamEntity>> entities_with_boundary(
      const std::string& policy_arn) = 0;  // by name

  virtual Status insert_instance_profile(
      const InstanceProfile& profile) = 0;  // kConflict if the name is taken
  // An empty role: none.
  virtual Status set_instance_profile_role(const std::string& id, const std::string& role_id) = 0;
  virtual Status remove_instance_profile(const std::string& id) = 0;  // with its tags
  virtual Result<std::optional<InstanceProfile>> instance_profile(const std::string& account,
                                                                  const std::string& name) = 0;
  // By name; without their tags.
  virtual Result<std::vector<InstanceProfile>> instance_profiles(const std::string& account,
                                                                 const std::string& path_prefix,
                                                                 const std::string& after, size_t limit) = 0;
  virtual Result<std::vector<InstanceProfile>> instance_profiles_of_role(const std::string& role_id) = 0;

  virtual Status insert_identity_provider(const IdentityProvider& provider) = 0;  // kConflict if it is there
  virtual Status update_identity_provider(const IdentityProvider& provider) = 0;  // client ids, thumbprints
  virtual Status remove_identity_provider(const std::string& arn) = 0;            // with its tags
  virtual Result<std::optional<IdentityProvider>> identity_provider(const std::string& arn) = 0;
  virtual Result<std::vector<IdentityProvider>> identity_providers(const std::string& account) = 0;  // by ARN
  // The public keys that an issuer signs with, as the operator gave them: a JWK Set. In place of those
  // before.
  virtual Status put_issuer_keys(const std::string& issuer, const std::string& key_set, Timestamp now) = 0;
  virtual Status remove_issuer_keys(const std::string& issuer) = 0;  // kNotFound
  virtual Result<std::optional<std::string>> issuer_keys(const std::string& issuer) = 0;
  virtual Result<std::vector<std::string>> issuers_with_keys() = 0;

  // In the whole installation an alias is one account's. kConflict.
  virtual Status set_account_alias(const std::string& account, const std::string& alias) = 0;
  virtual Status remove_account_alias(const std::string& account, const std::string& alias) = 0;  // kNotFound
  virtual Result<std::optional<std::string>> account_alias(const std::string& account) = 0;
  virtual Result<IamCounts> count_iam(const std::string& account) = 0;
  // Of one kind alone: "user", "group", "role", "policy", "instance-profile", "oidc-provider".
  virtual Result<size_t> count_iam(const std::string& account, std::string_view kind) = 0;
  // That a service-linked role was deleted.
  virtual Status insert_role_deletion(const std::string& account, const std::string& task_id,
                                      Timestamp now) = 0;
  virtual Result<bool> has_role_deletion(const std::string& account, const std::string& task_id) = 0;

  virtual Status add_to_group(const std::string& user_id, const std::string& group_id) = 0;
  virtual Status remove_from_group(const std::string& user_id, const std::string& group_id) = 0;  // kNotFound
  virtual Result<std::vector<IamEntity>> groups_of_user(const std::string& user_id) = 0;          // by name
  virtual Result<std::vector<IamEntity>> users_of_group(const std::string& group_id) = 0;

  // Of the account's root user where `user_id` is empty.
  virtual Result<std::vector<AccessKey>> access_keys_of(const std::string& account,
                                                        const std::string& user_id) = 0;
  virtual Status set_access_key_active(const std::string& id, bool active) = 0;
  virtual Status set_access_key_used(const std::string& id, Timestamp time, const std::string& service,
                                     const std::string& region) = 0;
  virtual Status remove_access_key(const std::string& id) = 0;

  virtual Status insert_mfa_device(const MfaDevice& device) = 0;  // kConflict if the serial number is taken
  virtual Status update_mfa_device(const MfaDevice& device) = 0;  // whose it is, and what it was heard to say
  // What it was heard to say alone: drift, last step, failures.
  virtual Status note_mfa_code(const MfaDevice& device) = 0;
  virtual Status remove_mfa_device(const std::string& serial_number) = 0;  // with its tags
  virtual Result<std::optional<MfaDevice>> mfa_device(const std::string& serial_number) = 0;
  // By serial number; without their tags.
  virtual Result<std::vector<MfaDevice>> mfa_devices(const std::string& account) = 0;
  virtual Result<std::vector<MfaDevice>> mfa_devices_of_user(const std::string& user_id) = 0;

  virtual Status insert_session(const Session& session) = 0;
  virtual Result<std::optional<Session>> session(const std::string& access_key_id) = 0;
  // Those of a deleted user or role, and those that ended before `before`.
  virtual Status remove_sessions_of(const std::string& entity_id) = 0;
  virtual Status purge_sessions(Timestamp before) = 0;
  // In place of what was known; forgotten with the role.
  virtual Status set_role_used(const std::string& role_id, const RoleUse& use) = 0;
  virtual Result<std::optional<RoleUse>> role_use(const std::string& role_id) = 0;

  // AWS Organizations; organization_rows.h.
  virtual Status insert_organization(const Organization& organization) = 0;
  virtual Status update_organization(const Organization& organization) = 0;  // features, types of policies
  // With its units, members, policies, attachments, invitations, and all their tags.
  virtual Status remove_organization(const std::string& id) = 0;
  virtual Result<std::optional<Organization>> organization(const std::string& id) = 0;
  // That the account is in.
  virtual Result<std::optional<Organization>> organization_of(const std::string& account) = 0;
  virtual Result<size_t> count_organizations() = 0;

  virtual Status insert_organizational_unit(const OrganizationalUnit& unit) = 0;  // kConflict: name taken
  virtual Status rename_organizational_unit(const std::string& id, const std::string& name) = 0;  // kConflict
  // With its attachments and tags.
  virtual Status remove_organizational_unit(const std::string& id) = 0;
  virtual Result<std::optional<OrganizationalUnit>> organizational_unit(const std::string& id) = 0;
  // By id; of the whole organization where `parent_id` is empty.
  virtual Result<std::vector<OrganizationalUnit>> organizational_units(const std::string& organization_id,
                                                                       const std::string& parent_id,
                                                                       const std::string& after,
                                                                       size_t limit) = 0;
  virtual Result<size_t> count_organizational_units(const std::string& organization_id) = 0;

  // The account is called so from now on, also when it leaves. kConflict if it is in an organization.
  virtual Status insert_member_account(const MemberAccount& member) = 0;
  virtual Status move_member_account(const std::string& account, const std::string& parent_id) = 0;
  // With its attachments and tags.
  virtual Status remove_member_account(const std::string& account) = 0;
  virtual Result<std::optional<MemberAccount>> member_account(const std::string& account) = 0;
  virtual Result<bool> is_email_of_account(const std::string& email) = 0;  // whatever its case
  // By account; of the whole organization where `parent_id` is empty.
  virtual Result<std::vector<MemberAccount>> member_accounts(const std::string& organization_id,
                                                             const std::string& parent_id,
                                                             const std::string& after, size_t limit) = 0;

  virtual Status insert_delegated_administrator(const DelegatedAdministrator& delegated) = 0;  // kConflict
  virtual Status remove_delegated_administrator(const DelegatedAdministrator& delegated) = 0;  // kNotFound
  // By account and service.
  virtual Result<std::vector<DelegatedAdministrator>> delegated_administrators(
      const std::string& organization_id) = 0;
  virtual Status put_trusted_service(const TrustedService& trusted) = 0;  // one that is there stays as it is
  virtual Status remove_trusted_service(const TrustedService& trusted) = 0;
  virtual Result<std::vector<TrustedService>> trusted_services(const std::string& organization_id) = 0;
  virtual Status put_organization_resource_policy(const OrganizationResourcePolicy& policy) = 0;
  virtual Status remove_organization_resource_policy(const std::string& organization_id) = 0;  // kNotFound
  virtual Result<std::optional<OrganizationResourcePolicy>> organization_resource_policy(
      const std::string& organization_id) = 0;

  virtual Status insert_account_creation(const AccountCreation& creation) = 0;
  virtual Result<std::optional<AccountCreation>> account_creation(const std::string& id) = 0;
  virtual Result<std::vector<AccountCreation>> account_creations(const std::string& organization_id,
                                                                 const std::string& after,
                                                                 size_t limit) = 0;  // by id

  virtual Status insert_organization_policy(const OrganizationPolicy& policy) = 0;  // kConflict: name taken
  virtual Status update_organization_policy(const OrganizationPolicy& policy) = 0;  // all but its kind
  virtual Status remove_organization_policy(const std::string& id) = 0;             // with its tags
  virtual Result<std::optional<OrganizationPolicy>> organization_policy(const std::string& id) = 0;
  virtual Result<std::vector<OrganizationPolicy>> organization_policies(const std::string& organization_id,
                                                                        const std::string& type,
                                                                        const std::string& after,
                                                                        size_t limit) = 0;  // by id
  virtual Result<size_t> count_organization_policies(const std::string& organization_id,
                                                     const std::string& type) = 0;

  virtual Status attach_organization_policy(const PolicyAttachment& attachment) = 0;  // kConflict
  virtual Status detach_organization_policy(const PolicyAttachment& attachment) = 0;  // kNotFound
  virtual Status detach_organization_policies(const std::string& organization_id,
                                              const std::string& type) = 0;  // all of that type
  // Ids of policies, and of targets, in their order.
  virtual Result<std::vector<std::string>> organization_policies_on(const std::string& target_id,
                                                                    const std::string& type) = 0;
  virtual Result<std::vector<std::string>> organization_policy_targets(const std::string& organization_id,
                                                                       const std::string& policy_id,
                                                                       const std::string& after,
                                                                       size_t limit) = 0;

  virtual Status insert_handshake(const Handshake& handshake) = 0;
  virtual Status set_handshake_state(const std::string& id, const std::string& state) = 0;
  virtual Result<std::optional<Handshake>> handshake(const std::string& id) = 0;
  // By id; one of the two is empty.
  virtual Result<std::vector<Handshake>> handshakes(const std::string& organization_id,
                                                    const std::string& account, const std::string& after,
                                                    size_t limit) = 0;

  // Of a root, a unit, a member account or a policy of an organization.
  virtual Status replace_organization_tags(const std::string& id,
                                           const std::vector<std::pair<std::string, std::string>>& tags) = 0;
  virtual Result<std::vector<std::pair<std::string, std::string>>> organization_tags(
      const std::string& id) = 0;

  // The backing key gets the key's region.
  virtual Status insert_key(const Key& key, const BackingKey& backing_key) = 0;
  // All but identity, kind, creation and tags.
  virtual Status update_key(const Key& key) = 0;
  virtual Result<std::optional<Key>> key(const std::string& region, const std::string& key_id) = 0;
  // In every region that has it, by region: one, or those of a multi-Region key.
  virtual Result<std::vector<Key>> keys_of_id(const std::string& key_id) = 0;
  virtual Result<std::vector<Key>> keys_in_state(const std::string& state) = 0;
  // Enabled ones with a rotation under way, or due by then.
  virtual Result<std::vector<Key>> keys_to_rotate(Timestamp now) = 0;
  // With its backing keys, aliases, grants and tags.
  virtual Status remove_key(const std::string& region, const std::string& key_id) = 0;
  virtual Status replace_key_tags(const Key& key) = 0;
  virtual Status put_backing_key(const BackingKey& backing_key) = 0;  // in place of the same version
  // Material whose time is over by `now` and whose token is still there.
  virtual Result<std::vector<BackingKey>> expired_backing_keys(Timestamp now) = 0;
  virtual Status insert_backing_key(const BackingKey& backing_key) = 0;
  virtual Result<std::optional<BackingKey>> backing_key(const std::string& region, const std::string& key_id,
                                                        uint32_t version) = 0;
  virtual Result<std::vector<BackingKey>> backing_keys(const std::string& region,
                                                       const std::string& key_id) = 0;  // oldest first
  virtual Result<std::vector<std::string>> key_ids(const std::string& account, const std::string& region,
                                                   const std::string& after, size_t limit) = 0;
  virtual Result<size_t> count_keys() = 0;

  virtual Status insert_destroyed_key(const DestroyedKey& key) = 0;
  virtual Result<std::vector<DestroyedKey>> destroyed_keys() = 0;

  // In place of what was known.
  virtual Status put_key_usage(const KeyUsage& usage) = 0;
  virtual Result<std::optional<KeyUsage>> key_usage(const std::string& region, const std::string& key_id) = 0;

  // What keyd has wrapped under its domain key. Each function here that stores a token or a wrapped secret
  // (of a key, an access key, temporary credentials, a setting) fails with kUnavailable when its plain header
  // names a version of the domain key below the oldest that is allowed: then a rotation has gone past it, the
  // domain key that opens it is about to be destroyed, and whoever asks again gets a newer one. kCorrupt
  // when, once an oldest one is set, it has no such header.
  virtual Status set_wrapped_setting(const WrappedSetting& setting, const Bytes& wrapped) = 0;
  // Never lowers it.
  virtual Status raise_oldest_domain_key(uint32_t version) = 0;
  virtual Result<uint32_t> oldest_domain_key() = 0;  // that is allowed; 0: any
  // The oldest version that anything stored is under; 0 if something has no header that says so. Reads
  // everything. The greatest number if nothing is stored.
  virtual Result<uint32_t> oldest_wrapped() = 0;

  // For a rotation of the domain key, by region, key id and version; those after `after`. Without those whose
  // token is empty: material that was deleted, or has expired.
  virtual Result<std::vector<BackingKey>> backing_keys_after(const BackingKey& after, size_t limit) = 0;
  // Does nothing when the token is no longer `old_token`.
  virtual Status replace_token(const BackingKey& old_token, const Bytes& token) = 0;
  // Id and wrapped secret alone, those of temporary credentials, custom key stores and MFA devices too.
  virtual Result<std::vector<AccessKey>> access_keys_after(const std::string& id, size_t limit) = 0;
  virtual Status replace_wrapped_secret(const AccessKey& old_key, const Bytes& wrapped_secret) = 0;
  virtual Status replace_wrapped_setting(const WrappedSetting& setting, const Bytes& before,
                                         const Bytes& wrapped) = 0;
  virtual Result<size_t> count_wrapped() = 0;  // rows of all of them, by the same rule

  virtual Status insert_custom_key_store(const CustomKeyStore& store) = 0;  // kConflict if the name is taken
  virtual Status update_custom_key_store(const CustomKeyStore& store) = 0;  // all but its id, owner and type
  virtual Status remove_custom_key_store(const std::string& id) = 0;
  virtual Result<std::optional<CustomKeyStore>> custom_key_store(const std::string& id) = 0;
  // By id.
  virtual Result<std::vector<CustomKeyStore>> custom_key_stores(const std::string& account,
                                                                const std::string& region,
                                                                const std::string& after, size_t limit) = 0;
  virtual Result<std::vector<CustomKeyStore>> custom_key_stores_in_state(
      const std::string& connection_state) = 0;
  // Of whatever account and Region.
  virtual Result<std::vector<CustomKeyStore>> custom_key_stores_of_cluster(const std::string& cluster_id) = 0;
  // What is to be destroyed in a store's token; gone with the store. kConflict without the store.
  virtual Status insert_key_left_in_token(const KeyLeftInToken& key) = 0;
  virtual Status remove_key_left_in_token(const KeyLeftInToken& key) = 0;
  virtual Result<std::vector<KeyLeftInToken>> keys_left_in_token(const std::string& store_id) = 0;
  // Keys in the store, whatever their state; those of one name in it where `store_key_id` is given.
  virtual Result<size_t> count_keys_in_store(const std::string& store_id,
                                             const std::string& store_key_id = {}) = 0;

  virtual Status insert_alias(const Alias& alias) = 0;  // kConflict if it exists
  virtual Status update_alias(const Alias& alias) = 0;  // its target and time
  virtual Status remove_alias(const std::string& account, const std::string& region,
                              const std::string& name) = 0;
  virtual Result<size_t> count_aliases(const std::string& region, const std::string& key_id) = 0;
  virtual Result<std::optional<Alias>> alias(const std::string& account, const std::string& region,
                                             const std::string& name) = 0;
  virtual Result<std::vector<Alias>> aliases(const std::string& account, const std::string& region,
                                             const std::string& only_key_id, const std::string& after,
                                             size_t limit) = 0;

  virtual Status insert_grant(const Grant& grant) = 0;
  virtual Status remove_grant(const std::string& id) = 0;
  virtual Result<std::optional<Grant>> grant(const std::string& region, const std::string& id) = 0;
  // By id, those of one key that the filter lets through.
  virtual Result<std::vector<Grant>> grants_of_key(const GrantFilter& filter, const std::string& after,
                                                   size_t limit) = 0;
  // What principals of just that name were granted.
  virtual Result<std::vector<Grant>> grants_to(const std::string& region, const std::string& key_id,
                                               const std::string& grantee_principal) = 0;
  virtual Result<size_t> count_grants(const std::string& region, const std::string& key_id) = 0;
  // By id, of whatever key.
  virtual Result<std::vector<Grant>> retirable_grants(const std::string& region,
                                                      const std::string& retiring_principal,
                                                      const std::string& after, size_t limit) = 0;

  virtual Status insert_volume(const Volume& volume) = 0;
  virtual Status update_volume(const Volume& volume) = 0;
  virtual Result<std::optional<Volume>> volume(const std::string& id) = 0;  // any account and region
  virtual Result<std::vector<Volume>> volumes(const std::string& account, const std::string& region,
                                              const std::string& after, size_t limit) = 0;
  virtual Result<std::vector<Volume>> volumes_in_state(const std::string& state) = 0;
  // Forgets volumes deleted before `before`, with their modifications and re-keyings.
  virtual Status purge_deleted_volumes(Timestamp before) = 0;
  virtual Result<size_t> count_volumes() = 0;

  virtual Status insert_snapshot(const Snapshot& snapshot) = 0;
  virtual Status update_snapshot(const Snapshot& snapshot) = 0;
  virtual Status remove_snapshot(const std::string& id) = 0;                    // with its tags
  virtual Result<std::optional<Snapshot>> snapshot(const std::string& id) = 0;  // any account and region
  virtual Result<std::vector<Snapshot>> snapshots(const std::string& account, const std::string& region,
                                                  const std::string& after, size_t limit) = 0;
  virtual Result<std::vector<Snapshot>> snapshots_in_state(const std::string& state) = 0;
  virtual Result<std::vector<Snapshot>> snapshots_of_volume(const std::string& volume_id) = 0;
  virtual Result<std::vector<std::string>> snapshot_ids() = 0;  // of every account, region and state

  virtual Status insert_snapshot_upload(const SnapshotUpload& upload) = 0;
  virtual Status set_last_active(const std::string& snapshot_id, Timestamp time) = 0;
  virtual Status remove_snapshot_upload(const std::string& snapshot_id) = 0;
  virtual Result<std::optional<SnapshotUpload>> snapshot_upload(const std::string& snapshot_id) = 0;
  virtual Result<std::vector<SnapshotUpload>> snapshot_uploads() = 0;
  // In place of what was stored of that block before.
  virtual Status put_written_block(const std::string& snapshot_id, const WrittenBlock& block) = 0;
  virtual Result<std::optional<WrittenBlock>> written_block(const std::string& snapshot_id,
                                                            uint32_t index) = 0;
  // By index, from `first` on.
  virtual Result<std::vector<WrittenBlock>> written_blocks(const std::string& snapshot_id, uint64_t first,
                                                           size_t limit) = 0;
  virtual Status remove_written_block(const std::string& snapshot_id, uint32_t index) = 0;
  // At most `limit`; how many.
  virtual Result<size_t> remove_written_blocks(const std::string& snapshot_id, size_t limit) = 0;

  // By volume and start.
  virtual Status insert_volume_modification(const VolumeModification& modification) = 0;
  virtual Status update_volume_modification(const VolumeModification& modification) = 0;
  // Newest first.
  virtual Result<std::vector<VolumeModification>> modifications_of_volume(const std::string& volume_id) = 0;
  virtual Result<std::vector<VolumeModification>> modifications_in_state(const std::string& state) = 0;
  // The newest of each volume; `after` is a volume's id.
  virtual Result<std::vector<VolumeModification>> newest_modifications(const std::string& account,
                                                                       const std::string& region,
                                                                       const std::string& after,
                                                                       size_t limit) = 0;

  virtual Status insert_volume_rekey(const VolumeRekey& rekey) = 0;
  // The one of that volume that started then: its layer may become another.
  virtual Status update_volume_rekey(const VolumeRekey& rekey) = 0;
  virtual Result<std::vector<VolumeRekey>> rekeys_of_volume(
      const std::string& volume_id) = 0;  // newest first
  virtual Result<std::vector<VolumeRekey>> rekeys_in_state(const std::string& state) = 0;
  // `after` is a layer's id.
  virtual Result<std::vector<VolumeRekey>> rekeys(const std::string& account, const std::string& region,
                                                  const std::string& after, size_t limit) = 0;

  virtual Status insert_attachment(const Attachment& attachment) = 0;
  virtual Status update_attachment(const Attachment& attachment) = 0;
  virtual Status remove_attachment(const std::string& volume_id) = 0;
  virtual Result<std::optional<Attachment>> attachment(const std::string& volume_id) = 0;
  virtual Result<std::vector<Attachment>> attachments() = 0;

  virtual Status insert_instance(const Instance& instance) = 0;
  virtual Result<std::vector<Instance>> instances() = 0;

  virtual Result<std::optional<IdempotentAnswer>> idempotent_answer(const std::string& account,
                                                                    const std::string& region,
                                                                    const std::string& operation,
                                                                    const std::string& token) = 0;
  virtual Status insert_idempotent_answer(const std::string& account, const std::string& region,
                                          const std::string& operation, const std::string& token,
                                          const IdempotentAnswer& answer, Timestamp now) = 0;
  virtual Status purge_idempotent_answers(Timestamp before) = 0;

  virtual Status append_trail(const TrailEvent& event) = 0;
  // The newest ones first; of all accounts when `account` is empty.
  virtual Result<std::vector<TrailEvent>> trail(const std::string& account, size_t newest) = 0;
};

// Protective writes (disable, detach, delete) may use space that is reserved for them on a full disk.
enum class Urgency { kOrdinary, kProtective };

class Catalog {
 public:
  // Opens or creates the database file and migrates it. kTooNew if a later release wrote it.
  static Result<std::unique_ptr<Catalog>> open(const std::string& path);
  virtual ~Catalog() = default;

  // Runs `body` and commits; an error from it undoes its changes and is returned. Durable on return.
  // Thread-safe; `body` runs on another thread while the caller waits; it must not call write().
  virtual Status write(const std::function<Status(Transaction&)>& body,
                       Urgency urgency = Urgency::kOrdinary) = 0;
  // Records a call that changed nothing else: as write() with append_trail() alone, for less.
  virtual Status append_trail(const TrailEvent& event) = 0;
  // A consistent view; nothing may be changed. Thread-safe, not blocked by writers.
  virtual Status read(const std::function<Status(Transaction&)>& body) = 0;
  // Moves on with every write that changes more than what was recorded or answered (Query::Effect): what was
  // read after asking for it is still so while it is the same. Thread-safe.
  virtual uint64_t generation() const = 0;
  // After wrapped keys were deleted: truncating WAL checkpoint, so that no copy of the deleted bytes is left.
  virtual Status erase_deleted() = 0;
};

}  // namespace coffer::catalog
