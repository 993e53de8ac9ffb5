"""Which of sprig's functions are there, and why the others are not. https://masterminds.github.io/sprig/"""

from typing import Final

_RUN: Final = frozenset("""
abbrev abbrevboth add add1 add1f addf adler32sum ago all any append atoi b32dec b32enc b64dec b64enc base biggest
camelcase cat ceil chunk clean coalesce compact concat contains date dateInZone dateModify date_in_zone date_modify
deepCopy deepEqual default dict dig dir div divf duration durationRound empty ext fail first float64 floor fromJson get
has hasKey hasPrefix hasSuffix hello htmlDate htmlDateInZone indent initial initials int int64 isAbs join kebabcase
keys kindIs kindOf last list lower max maxf merge mergeOverwrite min minf mod mul mulf mustAppend mustChunk mustCompact
mustDateModify mustDeepCopy mustFirst mustFromJson mustHas mustInitial mustLast mustMerge mustMergeOverwrite
mustPrepend mustPush mustRegexFind mustRegexFindAll mustRegexMatch mustRegexReplaceAll mustRegexReplaceAllLiteral
mustRegexSplit mustRest mustReverse mustSlice mustToDate mustToJson mustToPrettyJson mustToRawJson mustUniq mustWithout
must_date_modify nindent nospace now omit osBase osClean osDir osExt osIsAbs pick pluck plural prepend push quote
regexFind regexFindAll regexMatch regexQuoteMeta regexReplaceAll regexReplaceAllLiteral regexSplit repeat replace rest
reverse round seq set sha1sum sha256sum sha512sum slice snakecase sortAlpha split splitList splitn squote sub subf
substr swapcase ternary title toDate toDecimal toJson toPrettyJson toRawJson toString toStrings trim trimAll trimPrefix
trimSuffix trimall trunc tuple typeIs typeIsLike typeOf uniq unixEpoch unset until untilStep untitle upper values
without wrap wrapWith
""".split())
_RANDOM: Final = frozenset(
    "randAlphaNum randAlpha randAscii randNumeric randInt randBytes shuffle uuidv4 bcrypt htpasswd".split()
)
_CRYPTO: Final = frozenset("""
genPrivateKey derivePassword buildCustomCert genCA genCAWithKey genSelfSignedCert genSelfSignedCertWithKey
genSignedCert genSignedCertWithKey encryptAES decryptAES
""".split())
_LATER: Final = frozenset(("semver", "semverCompare", "urlParse", "urlJoin"))
_REMOVED: Final = frozenset(("env", "expandenv"))


def why_refused(name: str) -> str:
    """Why `sprig.<name>` cannot be called; empty where it can."""
    if name in _RUN:
        return ""
    if name in _REMOVED:
        return f"sprig.{name} is removed by Argo"
    if name in _RANDOM:
        return f"sprig.{name} gives another value each time, and a resumed run must give the same; pass it as a parameter"
    if name == "getHostByName":
        return "sprig.getHostByName is not run by this engine: an expression must not wait for a network"
    if name in _CRYPTO | _LATER:
        return f"sprig.{name} is not run by this engine"
    return f"there is no function sprig.{name}"
