"""A bot by discord.py on the loopback Discord: what a library that we didn't write makes of it.

usage: foreign.py URL TOKEN. Logs in, registers its commands, and writes one JSON line for all that it sees; ends with its input.
"""

import asyncio
import json
import logging
import os
import sys
import traceback

import discord
import yarl
from discord import app_commands
from discord.gateway import DiscordWebSocket
from discord.http import Route

logging.basicConfig(level=logging.ERROR)
url, token = sys.argv[1:3]
Route.BASE = f"{url}/api/v10"
DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(url.replace("http", "ws", 1))


def saw(event, **more):
    print(json.dumps({"saw": event, **more}), flush=True)


def about(interaction):
    return {
        "user": interaction.user.name,
        "guild": interaction.guild_id and str(interaction.guild_id),
        "locale": str(interaction.locale),
        "sends": interaction.app_permissions.send_messages,
        "manages": getattr(interaction.permissions, "manage_guild", None),
    }


class Again(discord.ui.View):
    @discord.ui.button(label="Again", custom_id="again")
    async def again(self, interaction, button):
        saw("button", message=interaction.message.content, **about(interaction))
        await interaction.response.edit_message(content="Hello again", view=None)


class Form(discord.ui.Modal, title="How was it?"):
    words = discord.ui.TextInput(label="In your words", style=discord.TextStyle.paragraph, max_length=300)

    async def on_submit(self, interaction):
        saw("modal", words=self.words.value, **about(interaction))
        await interaction.response.send_message("Thanks", ephemeral=True)


class Bot(discord.Client):
    def __init__(self):
        super().__init__(intents=discord.Intents(guilds=True), allowed_mentions=discord.AllowedMentions.none())
        self.tree = app_commands.CommandTree(self)

    async def setup_hook(self):
        saw("synced", commands=sorted(command.name for command in await self.tree.sync()))

    async def on_ready(self):
        saw("ready", user=self.user.name, guilds=sorted(guild.name for guild in self.guilds))

    async def on_guild_join(self, guild):
        saw("join", guild=guild.name, channels=[channel.name for channel in guild.text_channels])

    async def on_resumed(self):
        saw("resumed")


bot = Bot()


@bot.tree.command(description="Says hello")
async def greet(interaction):
    saw("slash", **about(interaction))
    await interaction.response.send_message("Hello", view=Again())


@bot.tree.command(description="Takes its time")
async def slow(interaction):
    await interaction.response.defer(ephemeral=True, thinking=True)
    saw("deferred", **about(interaction))
    await interaction.edit_original_response(content="At last", embed=discord.Embed(title="An embed", description="of mine"))
    await interaction.followup.send("One more", ephemeral=True)


@bot.tree.command(description="Asks")
async def ask(interaction):
    await interaction.response.send_modal(Form())


@bot.tree.command(description="Suggests")
@app_commands.describe(what="Which one")
async def pick(interaction, what: str):
    saw("picked", what=what)
    thread = await interaction.channel.create_thread(name=what, type=discord.ChannelType.private_thread, invitable=False)
    await thread.add_user(interaction.user)
    message = await thread.send("Step one")
    await message.edit(content="Step two")
    await interaction.response.send_message(f"In {thread.name}", ephemeral=True)


@pick.autocomplete("what")
async def suggest(interaction, typed):
    saw("typed", typed=typed)
    words = ["kneading", "stroking", "stretching"]
    return [app_commands.Choice(name=word.title(), value=word) for word in words if typed in word]


async def main():
    async with bot:
        running = asyncio.create_task(bot.start(token))
        ended = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        await asyncio.wait([running, ended], return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            traceback.print_exception(running.exception())
            # Whoever still waits for input would keep the process.
            os._exit(1)


asyncio.run(main())
