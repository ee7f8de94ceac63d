"""What a workspace's administrator gives api.slack.com to make the app."""

MANIFEST = """\
# api.slack.com/apps > Create New App > From a manifest; then Install to Workspace, and copy the Bot User OAuth Token.
# Leave public distribution off: apps that are distributed outside of Slack's marketplace get 15 messages a minute.
display_information:
  name: aragora-sync
  description: Reads selected channels into your own knowledge store.
features:
  bot_user:
    display_name: aragora-sync
    always_online: false
oauth_config:
  scopes:
    bot:
      - channels:read      # which public channels there are
      - channels:history   # their messages
      - channels:join      # only for public channels that the options name; without it, invite the app
      - groups:read        # private channels that the app was invited to
      - groups:history
      - users:read         # names instead of ids
      - usergroups:read
      - files:read         # only for include_files
settings:
  org_deploy_enabled: false
  socket_mode_enabled: false
  token_rotation_enabled: false   # cannot be switched off again once enabled
"""
