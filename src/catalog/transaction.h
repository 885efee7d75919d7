// SPDX-License-Identifier: Apache-2.0
// The statements of catalog.h's Transaction on one SQLite connection; a file for each kind of row.
#pragma once
#include "catalog/catalog.h"
#include "catalog/connection.h"

namespace coffer::catalog {

class SqliteTransaction final : public Transaction {
 public:
  explicit SqliteTransaction(Connection& connection) : connection_(connection) {}

  Result<std::optional<std::string>> setting(const std::string& name) override;
  Status set_setting(const std::string& name, const std::string& value) override;
  Status set_wrapped_setting(const WrappedSetting& setting, const Bytes& wrapped) override;
  Status raise_oldest_domain_key(uint32_t version) override;
  Result<uint32_t> oldest_domain_key() override;
  Result<uint32_t> oldest_wrapped() override;

  Status insert_account(const Account& account) override;
  Result<std::optional<Account>> account(const std::string& id) override;
  Result<std::vector<Account>> accounts() override;
  Status set_account_closed(const std::string& id, std::optional<Timestamp> closed) override;
  Result<size_t> count_closed_accounts() override;
  Status insert_access_key(const AccessKey& key) override;
  Result<std::optional<AccessKey>> access_key(const std::string& id) override;

  Status insert_iam_entity(const IamEntity& entity) override;
  Status update_iam_entity(const IamEntity& entity) override;
  Status remove_iam_entity(const std::string& id) override;
  Result<std::optional<IamEntity>> iam_entity(const std::string& id) override;
  Result<std::optional<IamEntity>> iam_entity_named(const std::string& account, const std::string& kind,
                                                    const std::string& name) override;
  Result<std::vector<IamEntity>> iam_entities(const std::string& account, const std::string& kind,
                                              const std::string& path_prefix, const std::string& after,
                                              size_t limit) override;
  Status replace_iam_tags(const std::string& id,
                          const std::vector<std::pair<std::string, std::string>>& tags) override;
  Result<std::vector<std::pair<std::string, std::string>>> iam_tags(const std::string& id) override;

  Status put_inline_policy(const std::string& entity_id, const NamedPolicy& policy) override;
  Status remove_inline_policy(const std::string& entity_id, const std::string& name) override;
  Result<std::vector<NamedPolicy>> inline_policies(const std::string& entity_id) override;

  Status insert_managed_policy(const ManagedPolicy& policy) override;
  Status update_managed_policy(const ManagedPolicy& policy) override;
  Status remove_managed_policy(const std::string& arn) override;
  Result<std::optional<ManagedPolicy>> managed_policy(const std::string& arn) override;
  Result<std::vector<ManagedPolicy>> managed_policies(const std::string& account,
                                                      const std::string& path_prefix,
                                                      const std::string& after, size_t limit) override;
  Status insert_policy_version(const PolicyVersion& version) override;
  Status remove_policy_version(const std::string& arn, uint32_t version) override;
  Result<std::vector<PolicyVersion>> policy_versions(const std::string& arn) override;

  Status attach_policy(const std::string& entity_id, const std::string& policy_arn) override;
  Status detach_policy(const std::string& entity_id, const std::string& policy_arn) override;
  Result<std::vector<std::string>> attached_policies(const std::string& entity_id) override;
  Result<std::vector<IamEntity>> entities_with_policy(const std::string& policy_arn) override;
  Result<size_t> count_boundaries(const std::string& account, const std::string& policy_arn) override;
  Result<std::vector<IamEntity>> entities_with_boundary(const std::string& policy_arn) override;

  Status insert_instance_profile(const InstanceProfile& profile) override;
  Status set_instance_profile_role(const std::string& id, const std::string& role_id) override;
  Status remove_instance_profile(const std::string& id) override;
  Result<std::optional<InstanceProfile>> instance_profile(const std::string& account,
                                                          const std::string& name) override;
  Result<std::vector<InstanceProfile>> instance_profiles(const std::string& account,
                                                         const std::string& path_prefix,
                                                         const std::string& after, size_t limit) override;
  Result<std::vector<InstanceProfile>> instance_profiles_of_role(const std::string& role_id) override;
  Status insert_identity_provider(const IdentityProvider& provider) override;
  Status update_identity_provider(const IdentityProvider& provider) override;
  Status remove_identity_provider(const std::string& arn) override;
  Result<std::optional<IdentityProvider>> identity_provider(const std::string& arn) override;
  Result<std::vector<IdentityProvider>> identity_providers(const std::string& account) override;
  Status put_issuer_keys(const std::string& issuer, const std::string& key_set, Timestamp now) override;
  Status remove_issuer_keys(const std::string& issuer) override;
  Result<std::optional<std::string>> issuer_keys(const std::string& issuer) override;
  Result<std::vector<std::string>> issuers_with_keys() override;
  Status set_account_alias(const std::string& account, const std::string& alias) override;
  Status remove_account_alias(const std::string& account, const std::string& alias) override;
  Result<std::optional<std::string>> account_alias(const std::string& account) override;
  Result<IamCounts> count_iam(const std::string& account) override;
  Result<size_t> count_iam(const std::string& account, std::string_view kind) override;
  Status insert_role_deletion(const std::string& account, const std::string& task_id, Timestamp now) override;
  Result<bool> has_role_deletion(const std::string& account, const std::string& task_id) override;

  Status add_to_group(const std::string& user_id, const std::string& group_id) override;
  Status remove_from_group(const std::string& user_id, const std::string& group_id) override;
  Result<std::vector<IamEntity>> groups_of_user(const std::string& user_id) override;
  Result<std::vector<IamEntity>> users_of_group(const std::string& group_id) override;

  Result<std::vector<AccessKey>> access_keys_of(const std::string& account,
                                                const std::string& user_id) override;
  Status set_access_key_active(const std::string& id, bool active) override;
  Status set_access_key_used(const std::string& id, Timestamp time, const std::string& service,
                             const std::string& region) override;
  Status remove_access_key(const std::string& id) override;

  Status insert_mfa_device(const MfaDevice& device) override;
  Status update_mfa_device(const MfaDevice& device) override;
  Status note_mfa_code(const MfaDevice& device) override;
  Status remove_mfa_device(const std::string& serial_number) override;
  Result<std::optional<MfaDevice>> mfa_device(const std::string& serial_number) override;
  Result<std::vector<MfaDevice>> mfa_devices(const std::string& account) override;
  Result<std::vector<MfaDevice>> mfa_devices_of_user(const std::string& user_id) override;

  Status insert_session(const Session& session) override;
  Result<std::optional<Session>> session(const std::string& access_key_id) override;
  Status remove_sessions_of(const std::string& entity_id) override;
  Status purge_sessions(Timestamp before) override;
  Status set_role_used(const std::string& role_id, const RoleUse& use) override;
  Result<std::optional<RoleUse>> role_use(const std::string& role_id) override;

  Status insert_organization(const Organization& organization) override;
  Status update_organization(const Organization& organization) override;
  Status remove_organization(const std::string& id) override;
  Result<std::optional<Organization>> organization(const std::string& id) override;
  Result<std::optional<Organization>> organization_of(const std::string& account) override;
  Result<size_t> count_organizations() override;
  Status insert_organizational_unit(const OrganizationalUnit& unit) override;
  Status rename_organizational_unit(const std::string& id, const std::string& name) override;
  Status remove_organizational_unit(const std::string& id) override;
  Result<std::optional<OrganizationalUnit>> organizational_unit(const std::string& id) override;
  Result<std::vector<OrganizationalUnit>> organizational_units(const std::string& organization_id,
                                                               const std::string& parent_id,
                                                               const std::string& after,
                                                               size_t limit) override;
  Result<size_t> count_organizational_units(const std::string& organization_id) override;
  Status insert_member_account(const MemberAccount& member) override;
  Status move_member_account(const std::string& account, const std::string& parent_id) override;
  Status remove_member_account(const std::string& account) override;
  Result<std::optional<MemberAccount>> member_account(const std::string& account) override;
  Result<bool> is_email_of_account(const std::string& email) override;
  Result<std::vector<MemberAccount>> member_accounts(const std::string& organization_id,
                                                     const std::string& parent_id, const std::string& after,
                                                     size_t limit) override;
  Status insert_delegated_administrator(const DelegatedAdministrator& delegated) override;
  Status remove_delegated_administrator(const DelegatedAdministrator& delegated) override;
  Result<std::vector<DelegatedAdministrator>> delegated_administrators(
      const std::string& organization_id) override;
  Status put_trusted_service(const TrustedService& trusted) override;
  Status remove_trusted_service(const TrustedService& trusted) override;
  Result<std::vector<TrustedService>> trusted_services(const std::string& organization_id) override;
  Status put_organization_resource_policy(const OrganizationResourcePolicy& policy) override;
  Status remove_organization_resource_policy(const std::string& organization_id) override;
  Result<std::optional<OrganizationResourcePolicy>> organization_resource_policy(
      const std::string& organization_id) override;
  Status insert_account_creation(const AccountCreation& creation) override;
  Result<std::optional<AccountCreation>> account_creation(const std::string& id) override;
  Result<std::vector<AccountCreation>> account_creations(const std::string& organization_id,
                                                         const std::string& after, size_t limit) override;
  Status insert_organization_policy(const OrganizationPolicy& policy) override;
  Status update_organization_policy(const OrganizationPolicy& policy) override;
  Status remove_organization_policy(const std::string& id) override;
  Result<std::optional<OrganizationPolicy>> organization_policy(const std::string& id) override;
  Result<std::vector<OrganizationPolicy>> organization_policies(const std::string& organization_id,
                                                                const std::string& type,
                                                                const std::string& after,
                                                                size_t limit) override;
  Result<size_t> count_organization_policies(const std::string& organization_id,
                                             const std::string& type) override;
  Status attach_organization_policy(const PolicyAttachment& attachment) override;
  Status detach_organization_policy(const PolicyAttachment& attachment) override;
  Status detach_organization_policies(const std::string& organization_id, const std::string& type) override;
  Result<std::vector<std::string>> organization_policies_on(const std::string& target_id,
                                                            const std::string& type) override;
  Result<std::vector<std::string>> organization_policy_targets(const std::string& organization_id,
                                                               const std::string& policy_id,
                                                               const std::string& after,
                                                               size_t limit) override;
  Status insert_handshake(const Handshake& handshake) override;
  Status set_handshake_state(const std::string& id, const std::string& state) override;
  Result<std::optional<Handshake>> handshake(const std::string& id) override;
  Result<std::vector<Handshake>> handshakes(const std::string& organization_id, const std::string& account,
                                            const std::string& after, size_t limit) override;
  Status replace_organization_tags(const std::string& id,
                                   const std::vector<std::pair<std::string, std::string>>& tags) override;
  Result<std::vector<std::pair<std::string, std::string>>> organization_tags(const std::string& id) override;

  Status insert_key(const Key& key, const BackingKey& backing_key) override;
  Status update_key(const Key& key) override;
  Result<std::optional<Key>> key(const std::string& region, const std::string& key_id) override;
  Result<std::vector<Key>> keys_of_id(const std::string& key_id) override;
  Result<std::vector<Key>> keys_in_state(const std::string& state) override;
  Result<std::vector<Key>> keys_to_rotate(Timestamp now) override;
  Status remove_key(const std::string& region, const std::string& key_id) override;
  Status replace_key_tags(const Key& key) override;
  Status put_backing_key(const BackingKey& backing_key) override;
  Result<std::vector<BackingKey>> expired_backing_keys(Timestamp now) override;
  Status insert_backing_key(const BackingKey& backing_key) override;
  Result<std::optional<BackingKey>> backing_key(const std::string& region, const std::string& key_id,
                                                uint32_t version) override;
  Result<std::vector<BackingKey>> backing_keys(const std::string& region, const std::string& key_id) override;
  Result<std::vector<std::string>> key_ids(const std::string& account, const std::string& region,
                                           const std::string& after, size_t limit) override;
  Result<size_t> count_keys() override;
  Result<std::vector<BackingKey>> backing_keys_after(const BackingKey& after, size_t limit) override;
  Status replace_token(const BackingKey& old_token, const Bytes& token) override;
  Result<std::vector<AccessKey>> access_keys_after(const std::string& id, size_t limit) override;
  Status replace_wrapped_secret(const AccessKey& old_key, const Bytes& wrapped_secret) override;
  Status replace_wrapped_setting(const WrappedSetting& setting, const Bytes& before,
                                 const Bytes& wrapped) override;
  Result<size_t> count_wrapped() override;

  Status insert_destroyed_key(const DestroyedKey& key) override;
  Result<std::vector<DestroyedKey>> destroyed_keys() override;
  Status put_key_usage(const KeyUsage& usage) override;
  Result<std::optional<KeyUsage>> key_usage(const std::string& region, const std::string& key_id) override;

  Status insert_custom_key_store(const CustomKeyStore& store) override;
  Status update_custom_key_store(const CustomKeyStore& store) override;
  Status remove_custom_key_store(const std::string& id) override;
  Result<std::optional<CustomKeyStore>> custom_key_store(const std::string& id) override;
  Result<std::vector<CustomKeyStore>> custom_key_stores(const std::string& account, const std::string& region,
                                                        const std::string& after, size_t limit) override;
  Result<std::vector<CustomKeyStore>> custom_key_stores_in_state(
      const std::string& connection_state) override;
  Result<std::vector<CustomKeyStore>> custom_key_stores_of_cluster(const std::string& cluster_id) override;
  Status insert_key_left_in_token(const KeyLeftInToken& key) override;
  Status remove_key_left_in_token(const KeyLeftInToken& key) override;
  Result<std::vector<KeyLeftInToken>> keys_left_in_token(const std::string& store_id) override;
  Result<size_t> count_keys_in_store(const std::string& store_id, const std::string& store_key_id) override;

  Status insert_alias(const Alias& alias) override;
  Status update_alias(const Alias& alias) override;
  Status remove_alias(const std::string& account, const std::string& region,
                      const std::string& name) override;
  Result<size_t> count_aliases(const std::string& region, const std::string& key_id) override;
  Result<std::optional<Alias>> alias(const std::string& account, const std::string& region,
                                     const std::string& name) override;
  Result<std::vector<Alias>> aliases(const std::string& account, const std::string& region,
                                     const std::string& only_key_id, const std::string& after,
                                     size_t limit) override;

  Status insert_grant(const Grant& grant) override;
  Status remove_grant(const std::string& id) override;
  Result<std::optional<Grant>> grant(const std::string& region, const std::string& id) override;
  Result<std::vector<Grant>> grants_of_key(const GrantFilter& filter, const std::string& after,
                                           size_t limit) override;
  Result<std::vector<Grant>> grants_to(const std::string& region, const std::string& key_id,
                                       const std::string& grantee_principal) override;
  Result<size_t> count_grants(const std::string& region, const std::string& key_id) override;
  Result<std::vector<Grant>> retirable_grants(const std::string& region,
                                              const std::string& retiring_principal, const std::string& after,
                                              size_t limit) override;

  Status insert_volume(const Volume& volume) override;
  Status update_volume(const Volume& volume) override;
  Result<std::optional<Volume>> volume(const std::string& id) override;
  Result<std::vector<Volume>> volumes(const std::string& account, const std::string& region,
                                      const std::string& after, size_t limit) override;
  Result<std::vector<Volume>> volumes_in_state(const std::string& state) override;
  Status purge_deleted_volumes(Timestamp before) override;
  Result<size_t> count_volumes() override;

  Status insert_snapshot(const Snapshot& snapshot) override;
  Status update_snapshot(const Snapshot& snapshot) override;
  Status remove_snapshot(const std::string& id) override;
  Result<std::optional<Snapshot>> snapshot(const std::string& id) override;
  Result<std::vector<Snapshot>> snapshots(const std::string& account, const std::string& region,
                                          const std::string& after, size_t limit) override;
  Result<std::vector<Snapshot>> snapshots_in_state(const std::string& state) override;
  Result<std::vector<Snapshot>> snapshots_of_volume(const std::string& volume_id) override;
  Result<std::vector<std::string>> snapshot_ids() override;

  Status insert_snapshot_upload(const SnapshotUpload& upload) override;
  Status set_last_active(const std::string& snapshot_id, Timestamp time) override;
  Status remove_snapshot_upload(const std::string& snapshot_id) override;
  Result<std::optional<SnapshotUpload>> snapshot_upload(const std::string& snapshot_id) override;
  Result<std::vector<SnapshotUpload>> snapshot_uploads() override;
  Status put_written_block(const std::string& snapshot_id, const WrittenBlock& block) override;
  Result<std::optional<WrittenBlock>> written_block(const std::string& snapshot_id, uint32_t index) override;
  Result<std::vector<WrittenBlock>> written_blocks(const std::string& snapshot_id, uint64_t first,
                                                   size_t limit) override;
  Status remove_written_block(const std::string& snapshot_id, uint32_t index) override;
  Result<size_t> remove_written_blocks(const std::string& snapshot_id, size_t limit) override;

  Status insert_volume_modification(const VolumeModification& modification) override;
  Status update_volume_modification(const VolumeModification& modification) override;
  Result<std::vector<VolumeModification>> modifications_of_volume(const std::string& volume_id) override;
  Result<std::vector<VolumeModification>> modifications_in_state(const std::string& state) override;
  Result<std::vector<VolumeModification>> newest_modifications(const std::string& account,
                                                               const std::string& region,
                                                               const std::string& after,
                                                               size_t limit) override;

  Status insert_volume_rekey(const VolumeRekey& rekey) override;
  Status update_volume_rekey(const VolumeRekey& rekey) override;
  Result<std::vector<VolumeRekey>> rekeys_of_volume(const std::string& volume_id) override;
  Result<std::vector<VolumeRekey>> rekeys_in_state(const std::string& state) override;
  Result<std::vector<VolumeRekey>> rekeys(const std::string& account, const std::string& region,
                                          const std::string& after, size_t limit) override;

  Status insert_attachment(const Attachment& attachment) override;
  Status update_attachment(const Attachment& attachment) override;
  Status remove_attachment(const std::string& volume_id) override;
  Result<std::optional<Attachment>> attachment(const std::string& volume_id) override;
  Result<std::vector<Attachment>> attachments() override;

  Status insert_instance(const Instance& instance) override;
  Result<std::vector<Instance>> instances() override;

  Result<std::optional<IdempotentAnswer>> idempotent_answer(const std::string& account,
                                                            const std::string& region,
                                                            const std::string& operation,
                                                            const std::string& token) override;
  Status insert_idempotent_answer(const std::string& account, const std::string& region,
                                  const std::string& operation, const std::string& token,
                                  const IdempotentAnswer& answer, Timestamp now) override;
  Status purge_idempotent_answers(Timestamp before) override;

  Status append_trail(const TrailEvent& event) override;
  Result<std::vector<TrailEvent>> trail(const std::string& account, size_t newest) override;

 private:
  using Tags = std::vector<std::pair<std::string, std::string>>;
  Status replace_tags(const std::string& resource_id, const Tags& tags);
  Result<Tags> tags(const std::string& resource_id);
  Result<std::vector<Key>> keys_with_tags(Query& query);
  // To each row its tags.
  template <class Row>
  Status add_tags(std::vector<Row>& rows) {
    for (Row& row : rows) {
      COFFER_TRY(its_tags, tags(row.id));
      row.tags = std::move(its_tags);
    }
    return {};
  }
  Status add_contexts(std::vector<Grant>& grants);
  Result<std::optional<IdentityProvider>> with_tags(std::optional<IdentityProvider> provider);
  Result<std::optional<IamEntity>> with_tags(std::optional<IamEntity> entity);
  // May it be stored, by the version of the domain key in its header? An empty token is none.
  Status allow_wrapped(WrappedSetting::Form form, const Bytes& wrapped);
  Status store_setting(const std::string& name, const std::string& value);
  Result<size_t> count(const char* sql);
  // kNotFound, naming `what`, unless the last statement changed a row.
  Status expect_changed(const std::string& what);

  Connection& connection_;
};

}  // namespace coffer::catalog
