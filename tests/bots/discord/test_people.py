"""Who reads a channel: checked against every member, by discord.py's own rules."""

import discord
import simcord
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bots.discord.people import groups_of_readers

OVERWRITES = st.sampled_from([None, True, False])


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    everyone=OVERWRITES,
    hr=OVERWRITES,
    it=OVERWRITES,
    by_name=OVERWRITES,
    members=st.lists(st.sets(st.sampled_from(["hr", "it"])), min_size=1, max_size=4),
)
async def test_a_channels_groups_are_held_by_everyone_who_reads_it(
    everyone: bool | None,
    hr: bool | None,
    it: bool | None,
    by_name: bool | None,
    members: list[set[str]],
) -> None:
    async with simcord.run(discord.Client(intents=discord.Intents.all())) as env:
        guild = env.create_guild()
        roles = {name: guild.create_role(name) for name in ("hr", "it")}
        people = [
            guild.add_member(env.create_user(f"p{number}"), roles=[roles[name] for name in sorted(held)])
            for number, held in enumerate(members)
        ]
        overwrites = {
            guild.default_role: discord.PermissionOverwrite(view_channel=everyone),
            roles["hr"]: discord.PermissionOverwrite(view_channel=hr),
            roles["it"]: discord.PermissionOverwrite(view_channel=it),
            people[0]: discord.PermissionOverwrite(view_channel=by_name),
        }
        handle = guild.create_text_channel("c", overwrites=overwrites)  # type: ignore[arg-type]
        server = env.bot.get_guild(guild.id)
        assert server is not None
        channel = server.get_channel(handle.id)
        assert channel is not None
        groups = set(groups_of_readers(channel))
        for person in people:
            member = server.get_member(person.id)
            assert member is not None
            if channel.permissions_for(member).view_channel:
                assert groups <= {role.name for role in member.roles}
        if everyone is False and hr and not it and not by_name:
            assert groups == {"hr"}
