"""Google Drive: the login of a person whose drive is read."""

from .login import GoogleDriveLogin, exchange_code, get_oauth_url

__all__ = ["GoogleDriveLogin", "exchange_code", "get_oauth_url"]
