"""What the describe calls say about objects and their fields."""

from __future__ import annotations

from typing import Any

from spyro_sdk.demo.schema import NUMBERS, Field, SObject

SOAP = {
    "id": "tns:ID",
    "reference": "tns:ID",
    "boolean": "xsd:boolean",
    "int": "xsd:int",
    "double": "xsd:double",
    "currency": "xsd:double",
    "percent": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "address": "urn:address",
}


def describe_global(kinds: list[SObject], version: str) -> dict[str, Any]:
    """List all objects, as `GET …/sobjects` does."""
    return {"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": [_summary(kind, version) for kind in kinds]}


def describe(kind: SObject, kinds: list[SObject], version: str) -> dict[str, Any]:
    """Tell all about one object, as `GET …/sobjects/{name}/describe` does."""
    return {
        **_summary(kind, version),
        "childRelationships": [
            _child(field, other) for other in kinds for field in other.fields if field.target == kind.name
        ],
        "fields": [_field(kind, field) for field in kind.fields],
        "recordTypeInfos": [],
        "supportedScopes": [{"label": f"All {kind.plural}", "name": "everything"}],
    }


def _summary(kind: SObject, version: str) -> dict[str, Any]:
    root = f"/services/data/v{version}/sobjects/{kind.name}"
    writable = kind.name != "LoginHistory"
    return {
        "activateable": False,
        "createable": writable,
        "custom": kind.custom,
        "customSetting": False,
        "deletable": writable and kind.name != "User",
        "deprecatedAndHidden": False,
        "keyPrefix": kind.prefix,
        "label": kind.label,
        "labelPlural": kind.plural,
        "name": kind.name,
        "queryable": True,
        "replicateable": writable,
        "retrieveable": writable,
        "searchable": writable,
        "updateable": writable,
        "urls": {"sobject": root, "describe": f"{root}/describe", "rowTemplate": root + "/{ID}"},
    }


def _child(field: Field, owner: SObject) -> dict[str, Any]:
    return {
        "cascadeDelete": False,
        "childSObject": owner.name,
        "deprecatedAndHidden": False,
        "field": field.name,
        "relationshipName": owner.plural if field.name == "AccountId" else None,
    }


def _field(kind: SObject, field: Field) -> dict[str, Any]:
    return {
        "aggregatable": field.type not in ("textarea", "address", "boolean"),
        "autoNumber": False,
        "byteLength": field.length * 3 if field.type not in ("id", "reference") else field.length,
        "calculated": False,
        "compoundFieldName": field.compound,
        "createable": not _is_audit(field),
        "custom": field.custom,
        "defaultValue": False if field.type == "boolean" else None,
        "deprecatedAndHidden": False,
        "digits": 8 if field.type == "int" else 0,
        "externalId": field.name == "External_Id__c",
        "filterable": field.filterable,
        "groupable": field.sortable and field.type not in NUMBERS - {"int"} and field.type != "datetime",
        "idLookup": field.name in ("Id", "External_Id__c"),
        "label": field.label,
        "length": field.length,
        "name": field.name,
        "nameField": field.name == "Name",
        "nillable": field.nillable,
        "picklistValues": [_value(value) for value in field.values],
        "precision": field.precision,
        "referenceTo": [field.target] if field.target else [],
        "relationshipName": field.relationship,
        "restrictedPicklist": False,
        "scale": field.scale,
        "soapType": SOAP.get(field.type, "xsd:string"),
        "sortable": field.sortable,
        "type": field.type,
        "unique": False,
        "updateable": not _is_audit(field) and not field.parts,
    }


def _is_audit(field: Field) -> bool:
    return field.name in (
        "Id",
        "IsDeleted",
        "CreatedDate",
        "CreatedById",
        "LastModifiedDate",
        "LastModifiedById",
        "SystemModstamp",
    )


def _value(value: str) -> dict[str, Any]:
    return {"active": True, "defaultValue": False, "label": value, "validFor": None, "value": value}
