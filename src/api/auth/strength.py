"""Which passwords are too easy to guess: beside short ones only the commonest, and those that are
made of the account's own names, as NIST SP 800-63B has it."""

from string import digits, punctuation

COMMON_WORDS = """
abc abcabc abcd admin administrator adminadmin analytics asdf asdfasdf baseball basketball batman
butterfly changeme charlie cheese chocolate computer cookie default dragon facebook flower football
freedom google guest hallo harley hello helloworld hunter iloveu iloveyou internet jennifer jessica
jordan killer letmein liverpool login lovely loveme loveyou manager master matrix michael michelle
monkey mustang nicole ninja pass passpass passw passwd password passwort pokemon princess qazwsx
qazwsxedc qwer qwert qwerty qwertyqwerty qwertz ranger root samsung schatz secret shadow soccer
starwars summer sunshine superman superuser sysadmin temp test tester testing testtest thomas
trustno user username welcome whatever winter zaq zxcv
"""
"""Words that the commonest passwords are made of, between digits and punctuation."""

ROWS = (
    "01234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiopasdfghjklzxcvbnm",
    "1q2w3e4r5t6y7u8i9o0p",
)
"""Characters that follow each other, read from either end."""

LEAST_CHARACTERS = 4
"""How many different characters a password has at least."""

HINT = "use three or four words that have nothing to do with each other, or a password manager"


def refuse_guessable(password: str, *names: str | None) -> str:
    """The password itself. Raises ValueError, with a hint, for one of the commonest, and for one
    like one of these names or e-mail addresses."""
    if is_common(password.lower()):
        raise ValueError(f"is one of the commonest passwords; {HINT}")
    if any(stem(password) in stems_of(name) for name in names if name):
        raise ValueError(f"is like the name or the e-mail address of the account; {HINT}")
    return password


def is_common(password: str) -> bool:
    is_in_row = any(password in row or password in row[::-1] for row in ROWS)
    is_repeated = len({*password}) < LEAST_CHARACTERS
    return is_in_row or is_repeated or unleeted(stem(password)) in COMMON_WORDS.split()


def stem(text: str) -> str:
    """Text in lower case, without digits, punctuation and spaces at its ends."""
    return text.lower().strip(digits + punctuation + " ")


def unleeted(text: str) -> str:
    return text.translate(str.maketrans("013457@$!", "oleastasi"))


def stems_of(name: str) -> set[str]:
    """What a password may not be made of: the name, and the parts of an e-mail address."""
    return {stem(part) for part in (name, *name.split("@"))} - {""}
