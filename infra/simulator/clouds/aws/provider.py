"""The AWS provider: puts AWS's tables behind the generic seams."""

from infra.simulator.clouds.aws.arguments import refuse_configuration
from infra.simulator.clouds.aws.checks import check_create, check_delete
from infra.simulator.clouds.aws.data import answer
from infra.simulator.clouds.aws.effects import ADOPTED, adopt, after_create, after_delete
from infra.simulator.clouds.aws.makers import VALUES
from infra.simulator.clouds.aws.names import arn_of, id_of
from infra.simulator.clouds.aws.tables import COMPUTED_BLOCKS, DEFAULTS, GENERIC, IMPORTS, KEEPS, RECOMPUTED, REPLACES
from infra.simulator.clouds.base import Cloud, Scope, Tables, Want
from infra.simulator.store import Row, Store
from infra.simulator.values import UNKNOWN, ObjectValue, Value, as_objects, is_unknown, text

ACCOUNT = "123456789012"


class Aws(Cloud):
    """Simulated AWS: one account, any region."""

    tables = Tables(
        defaults=DEFAULTS,
        computed_blocks=COMPUTED_BLOCKS,
        replaces=REPLACES,
        keeps=KEEPS,
        generic_replaces=GENERIC,
        recomputed=RECOMPUTED,
        values=VALUES,
        imports=IMPORTS,
    )

    def scope(self, config: ObjectValue) -> Scope:
        """Read region and default tags."""
        import os

        region = text(config.get("region")) or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        tags: dict[str, str] = {}
        for block in as_objects(config.get("default_tags")):
            given = block.get("tags")
            if isinstance(given, dict):
                tags.update({key: item for key, item in given.items() if isinstance(item, str)})
        return Scope(ACCOUNT, region or "us-east-1", default_tags=tags, config=config)

    def scope_of(self, type_: str, values: ObjectValue, scope: Scope) -> str:
        """Names are unique in a region, those of IAM and S3 in the account."""
        if type_.startswith(("aws_iam_", "aws_s3_bucket", "aws_route53_")):
            return scope.account
        return f"{scope.account}/{text(values.get('region')) or scope.region}"

    def derive(self, type_: str, value: ObjectValue, config: ObjectValue, scope: Scope) -> None:
        """Region and tags_all are known when the provider plans."""
        if "region" in value and (value["region"] is None or is_unknown(value["region"])):
            value["region"] = scope.region
        if "tags_all" in value:
            value["tags_all"] = _merged(scope.default_tags, value.get("tags"))

    def check_config(self, type_: str, config: ObjectValue) -> None:
        """Refuse conflicting and impossible arguments."""
        refuse_configuration(type_, config)

    def check_create(self, type_: str, values: ObjectValue, scope: Scope, store: Store) -> None:
        """Refuse what AWS refuses to make."""
        check_create(type_, values, self.scope_of(type_, values, scope), store)

    def check_delete(self, row: Row, prior: ObjectValue, scope: Scope, store: Store) -> None:
        """Refuse what AWS refuses to delete."""
        check_delete(row, store)

    def adopt(self, type_: str, values: ObjectValue, scope: Scope, store: Store) -> Row | None:
        """Take over what a VPC brought with it."""
        return adopt(type_, values, store) if type_ in ADOPTED else None

    def outlives(self, row: Row) -> bool:
        """Keep a VPC's default objects until the VPC goes."""
        return row.type in ADOPTED

    def created(self, type_: str, values: ObjectValue, scope: Scope, store: Store) -> None:
        """Make the default objects a VPC brings."""
        after_create(type_, values, scope, store)

    def deleted(self, row: Row, scope: Scope, store: Store) -> None:
        """Take a VPC's default objects along."""
        after_delete(row, store)

    def identify(self, type_: str, values: ObjectValue, scope: Scope) -> str:
        """Give an id in AWS's form."""
        if "arn" in values and is_unknown(values["arn"]):
            known_arn = arn_of(type_, {**values, "arn": ""}, scope)
            new = id_of(type_, {**values, "arn": known_arn}, scope)
            if new == known_arn:
                values["arn"] = known_arn
            return new
        return id_of(type_, values, scope)

    def guess(self, want: Want) -> Value:
        """Make up ARNs, and leave the rest to the generic rules."""
        if want.path == "arn":
            return arn_of(want.type, want.root, want.scope)
        return super().guess(want)

    def data(self, type_: str, config: ObjectValue, scope: Scope, store: Store) -> ObjectValue | None:
        """Answer data sources."""
        return answer(type_, config, scope, store)


def _merged(defaults: object, tags: Value) -> Value:
    if is_unknown(tags):
        return UNKNOWN
    merged = dict(defaults) if isinstance(defaults, dict) else {}
    if isinstance(tags, dict):
        merged.update(tags)
    return merged
