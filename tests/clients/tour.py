"""The five-minute tour of the README with the client that openapi-python-client generates."""

import sys
import time
from http import HTTPStatus
from typing import Any, TypeVar

from tessera_client import AuthenticatedClient, Client
from tessera_client.api.api_keys import generate_api_key, revoke_api_key, verify_api_key
from tessera_client.api.applications import create_application
from tessera_client.api.auth import exchange_token, get_jwks, login, register_user
from tessera_client.api.inventory import list_inventory, put_inventory_item
from tessera_client.api.invitations import send_invitation
from tessera_client.api.organizations import create_organization
from tessera_client.api.users import merge_custom_data, set_custom_data
from tessera_client.models import (
    CreateApplicationRequest,
    CreateOrganizationRequest,
    ExchangeTokenRequest,
    FieldErrorCode,
    GenerateKeyRequest,
    InvitationStatus,
    InviteRequest,
    LoginRequest,
    MergeDataRequest,
    MergeDataRequestData,
    Problem,
    ProblemCode,
    PutItemRequest,
    PutItemRequestMetadataType0,
    RegisterRequest,
    Role,
    SetDataRequest,
    SetDataRequestData,
    User,
    Verification,
    VerificationCode,
    VerifyOneKey,
)
from tessera_client.types import Unset

T = TypeVar("T")
PASSWORD = "violet-harbour-93-lantern"


def ok(result: T | Problem | None) -> T:
    """The body of a successful response."""
    assert result is not None, "the response is not in the document"
    assert not isinstance(result, Problem), result
    return result


def problem(result: object, code: ProblemCode) -> Problem:
    """The problem of a failed response."""
    assert isinstance(result, Problem), result
    assert result.code is code, result
    return result


def main(url: str) -> None:
    # Responses that the document does not list are errors.
    anonymous = Client(base_url=url, raise_on_unexpected_status=True)
    email = f"grace-{time.time_ns()}@example.com"
    registration = RegisterRequest(email=email, password=PASSWORD, display_name="Grace")
    # With TESSERA_REGISTRATION=verified, the response has no user yet.
    registered = register_user.sync(client=anonymous, body=registration)
    assert isinstance(registered, User), registered
    assert registered.email == email
    problem(register_user.sync(client=anonymous, body=registration), ProblemCode.EMAIL_TAKEN)
    invalid = register_user.sync(client=anonymous, body=RegisterRequest(email="grace", password=PASSWORD))
    errors = problem(invalid, ProblemCode.INVALID_BODY).errors
    assert not isinstance(errors, Unset)
    assert [(error.pointer, error.code) for error in errors] == [("/email", FieldErrorCode.INVALID_FORMAT)]

    session = ok(login.sync(client=anonymous, body=LoginRequest(email=email, password=PASSWORD)))
    user = AuthenticatedClient(base_url=url, token=session.token, raise_on_unexpected_status=True)
    org = ok(create_organization.sync(client=user, body=CreateOrganizationRequest(name="Analytical Engines")))
    app = ok(create_application.sync(org.id, client=user, body=CreateApplicationRequest(name="Dungeon")))

    permissions = ["event:record", "inventory:read", "inventory:write"]
    request = GenerateKeyRequest(description="game server", restrict_permissions=True, permissions=permissions)
    key = ok(generate_api_key.sync(app.id, client=user, body=request))
    game = AuthenticatedClient(url, key.raw_key, prefix="", auth_header_name="X-API-Key", raise_on_unexpected_status=True)

    item = PutItemRequest(sku="sword-of-dawn", name="Sword of Dawn", quantity=3)
    assert put_inventory_item.sync_detailed(app.id, client=game, body=item).status_code == HTTPStatus.CREATED
    # A free object.
    metadata: dict[str, Any] = {"rarity": "epic", "runes": [1, 2], "owner": {"name": "Ada"}}
    item.metadata = PutItemRequestMetadataType0.from_dict(metadata)
    assert put_inventory_item.sync_detailed(app.id, client=game, body=item).status_code == HTTPStatus.OK
    items = ok(list_inventory.sync(app.id, client=game, limit=10))
    assert [(item.sku, item.version, item.metadata.to_dict()) for item in items] == [("sword-of-dawn", 2, metadata)]

    # One key has one result. Several keys in one request have several.
    check = VerifyOneKey(key=key.raw_key, permission="event:record")
    valid = ok(verify_api_key.sync(client=anonymous, body=check))
    assert isinstance(valid, Verification) and valid.code is VerificationCode.VALID
    revoked = revoke_api_key.sync_detailed(key.api_key_details.id, client=user)
    assert revoked.status_code == HTTPStatus.NO_CONTENT
    ended = ok(verify_api_key.sync(client=anonymous, body=check))
    assert isinstance(ended, Verification) and ended.code is VerificationCode.REVOKED
    problem(list_inventory.sync(app.id, client=game), ProblemCode.INVALID_TOKEN)

    exchange = ExchangeTokenRequest(organization_id=org.id, audience=str(app.id))
    assert ok(exchange_token.sync(client=user, body=exchange)).token_type == "Bearer"
    assert ok(get_jwks.sync(client=anonymous)).keys[0].alg == "RS256"

    data = SetDataRequestData.from_dict({"theme": "dark", "tips": True, "nested": {"list": [1, None]}})
    stored = ok(set_custom_data.sync("me", client=user, body=SetDataRequest(data=data)))
    change = MergeDataRequest(data=MergeDataRequestData.from_dict({"tips": None, "nested": None, "language": "en"}))
    merged = ok(merge_custom_data.sync("me", client=user, body=change, if_match=f'"{stored.version}"'))
    assert merged.data.to_dict() == {"theme": "dark", "language": "en"}

    invite = InviteRequest(email="ada@example.com", role=Role.ADMIN)
    assert ok(send_invitation.sync(org.id, client=user, body=invite)).status is InvitationStatus.PENDING
    print("Python: the tour works")


if __name__ == "__main__":
    main(sys.argv[1])
