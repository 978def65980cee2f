"""Keys that no site may have: they are addresses of the platform, or would pass for them."""

from django.conf import settings

_INFRASTRUCTURE = """
    api app apps assets autoconfig autodiscover backup cache cdn cloud css db dns download downloads email files ftp
    ftps gateway git host hosting http https imap img image images internal ipv4 ipv6 js ldap live local localhost
    log logs mail media mobile mx ns ns1 ns2 ntp pop pop3 proxy remote router server sftp smtp socket sql ssh ssl
    static stats status storage stream svn tls upload uploads vpn web webmail websocket ws wss www www1 www2
"""
_ENVIRONMENTS = "ci dev development live preprod preview prod production qa sandbox stage staging test testing uat"
_MAIL_ROLES = (
    "abuse daemon hostmaster info mailerdaemon marketing noc noreply postmaster root security usenet uucp webmaster"
)
_LEGAL = "compliance coppa copyright dmca gdpr policies policy privacy tos trademark"
_ACCOUNTS = """
    account accounts admin administrator auth billing contact help helpdesk id login logout me member members
    moderator my oauth oauth2 operator owner password pay payment payments profile profiles register signin signout
    signup sso staff support system token user users
"""
_PRODUCT = """
    about blog careers chat community communities developer developers directory docs documentation enterprise
    explore faq feedback forum forums home jobs learn microcosm microcosms news out platform press pricing search
    shop site sites store team wiki
"""

RESERVED = frozenset(f"{_INFRASTRUCTURE} {_ENVIRONMENTS} {_MAIL_ROLES} {_LEGAL} {_ACCOUNTS} {_PRODUCT}".split())


def is_reserved(key: str) -> bool:
    """Whether the platform keeps a key for itself: by this list, by the settings, or as another name of a site."""
    key = key.lower()
    return key in RESERVED or key in settings.RESERVED_KEYS or key in settings.SITE_KEY_ALIASES
