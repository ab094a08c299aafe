"""The DVC remote for data and models, with its options."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from .common import Model, Name, form

Url = Annotated[
    str,
    form(r"^[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?$", "a URL such as `s3://bucket/path`, on one line"),
]
"""A URL that fits on one line of a configuration file."""

Text = Annotated[str, form(r"^[^\x00-\x1f\x7f]+$", "a text on one line")]
Count = Annotated[int, Field(gt=0)]


class Remote(Model):
    """A DVC remote and its options, as `dvc remote modify` names them; the secret ones belong in the environment (`ci.secrets`)."""

    url: Url = Field(description="Where it is; a path is relative to the root of the repository.")
    jobs: Count | None = Field(None, description="Number of parallel transfers.")
    checksum_jobs: Count | None = Field(None, description="Number of files that are hashed at the same time.")
    version_aware: bool | None = Field(None, description="Use the versioning of the cloud.")
    worktree: bool | None = Field(None, description="Keep the files under their own names.")
    no_traverse: bool | None = Field(None, description="Ask for single files instead of listing the remote.")

    endpointurl: Text | None = Field(None, description="S3, GS: URL of another service with the same API.")
    region: Text | None = Field(None, description="S3: region.")
    profile: Text | None = Field(None, description="S3, Google Drive: profile of the credentials.")
    credentialpath: Text | None = Field(None, description="S3, GS: path of the file with credentials.")
    configpath: Text | None = Field(None, description="S3: path of the AWS configuration.")
    use_ssl: bool | None = Field(None, description="S3: whether to use TLS.")
    ssl_verify: bool | Text | None = Field(
        None, description="Whether to check the certificate, or the path of a CA bundle."
    )
    allow_anonymous_login: bool | None = Field(None, description="S3, GS, Azure: read without credentials.")
    listobjects: bool | None = Field(None, description="S3: use the older call that lists objects.")
    cache_regions: bool | None = Field(None, description="S3: remember the region of each bucket.")
    sse: Text | None = Field(None, description="S3: server-side encryption, such as `aws:kms`.")
    sse_kms_key_id: Text | None = Field(None, description="S3: id of the key for it.")
    sse_customer_algorithm: Text | None = Field(None, description="S3: algorithm for a key of your own.")
    acl: Text | None = Field(None, description="S3: canned ACL of new objects.")
    grant_read: Text | None = Field(None, description="S3: who may read new objects.")
    grant_read_acp: Text | None = Field(None, description="S3: who may read their ACL.")
    grant_write_acp: Text | None = Field(None, description="S3: who may write their ACL.")
    grant_full_control: Text | None = Field(None, description="S3: who may do all of it.")
    read_timeout: int | float | None = Field(None, description="S3, Azure, HTTP: seconds to wait for an answer.")
    connect_timeout: int | float | None = Field(None, description="S3, HTTP: seconds to wait for a connection.")

    projectname: Text | None = Field(None, description="GS: project.")

    account_name: Text | None = Field(None, description="Azure: storage account.")
    tenant_id: Text | None = Field(None, description="Azure: tenant.")
    client_id: Text | None = Field(None, description="Azure: client.")
    exclude_environment_credential: bool | None = Field(None, description="Azure: no credentials from the environment.")
    exclude_visual_studio_code_credential: bool | None = Field(None, description="Azure: none from Visual Studio Code.")
    exclude_shared_token_cache_credential: bool | None = Field(None, description="Azure: none from the token cache.")
    exclude_managed_identity_credential: bool | None = Field(None, description="Azure: no managed identity.")
    connection_timeout: Count | None = Field(None, description="Azure: seconds to wait for a connection.")

    user: Text | None = Field(None, description="SSH, HDFS, HTTP, WebDAV: user.")
    port: Count | None = Field(None, description="SSH: port.")
    keyfile: Text | None = Field(None, description="SSH: path of the private key.")
    ask_password: bool | None = Field(None, description="SSH, HTTP, WebDAV: ask for the password.")
    ask_passphrase: bool | None = Field(None, description="SSH: ask for the passphrase of the key.")
    gss_auth: bool | None = Field(None, description="SSH: use Kerberos.")
    allow_agent: bool | None = Field(None, description="SSH: use the agent.")
    max_sessions: Count | None = Field(None, description="SSH: number of parallel sessions.")
    timeout: Count | None = Field(None, description="SSH, Azure, WebDAV: seconds to wait.")

    kerb_ticket: Text | None = Field(None, description="HDFS: path of the Kerberos ticket.")
    replication: Count | None = Field(None, description="HDFS: number of copies.")
    kerberos: bool | None = Field(None, description="WebHDFS: use Kerberos.")
    kerberos_principal: Text | None = Field(None, description="WebHDFS: principal.")
    proxy_to: Text | None = Field(None, description="WebHDFS: user to act as.")
    use_https: bool | None = Field(None, description="WebHDFS: use HTTPS.")
    data_proxy_target: Text | None = Field(None, description="WebHDFS: address of the proxy for data.")

    oss_endpoint: Text | None = Field(None, description="OSS: endpoint.")

    gdrive_use_service_account: bool | None = Field(None, description="Google Drive: use a service account.")
    gdrive_client_id: Text | None = Field(None, description="Google Drive: client.")
    gdrive_user_credentials_file: Text | None = Field(None, description="Google Drive: path of the user's credentials.")
    gdrive_service_account_user_email: Text | None = Field(None, description="Google Drive: user to act as.")
    gdrive_service_account_json_file_path: Text | None = Field(
        None, description="Google Drive: path of the account's key."
    )
    gdrive_trash_only: bool | None = Field(None, description="Google Drive: move files to the trash.")
    gdrive_acknowledge_abuse: bool | None = Field(None, description="Google Drive: download files marked as abusive.")

    auth: Literal["basic", "digest", "custom"] | None = Field(None, description="HTTP: kind of authentication.")
    custom_auth_header: Text | None = Field(None, description="HTTP, WebDAV: name of the header for the password.")
    method: Text | None = Field(None, description="HTTP: method of uploads.")
    cert_path: Text | None = Field(None, description="WebDAV: path of the client's certificate.")
    key_path: Text | None = Field(None, description="WebDAV: path of its key.")


def _form(value: Any) -> str:
    if isinstance(value, dict):
        return "<remote>" if "url" in value else "<environments>"
    return "<remote>" if isinstance(value, Remote) else "<url>"


def _form_of_one(value: Any) -> str:
    return "<url>" if _form(value) == "<url>" else "<remote>"


OneRemote = Annotated[Annotated[Url, Tag("<url>")] | Annotated[Remote, Tag("<remote>")], Discriminator(_form_of_one)]
Registry = Annotated[
    Annotated[Url, Tag("<url>")]
    | Annotated[Remote, Tag("<remote>")]
    | Annotated[dict[Name, OneRemote], Tag("<environments>")],
    Discriminator(_form),
]
"""A URL, a remote with options, or one of these by environment."""
