"""Supplementary designations that makers hang onto a part number; none of them changes what is inside a bearing.

A run of them without a break (`DDUCM`, `2RSC3`) is split into those of the table. It is wide on purpose: what stands
here is passed over, and a designation never does (a test holds the two apart).
"""

from __future__ import annotations

import re

SEALS = (
    r"[1-4]?(?:RSR|RSH2?|RST|RSL|RSD|RSC|RS[12J]?|RZ|RD|RU|RK|RF|RLS|RHS|BRS|HRS|NS[EKL]?|DS|EP|CS[25]?|LS|ZR|ZN?R?)"
    r"|ZZN?R?|ZZ[ESX1]|SZZ|Z[ERAS]|V{1,2}|DD?[UGW]?7?|LL[UBHCFENZ]|L[UBH]|EE|PP[ABN]?|K?DD?|KP+|RR|TT|UU?|GG|FF|2?NKE|JEM|CL"
)
CAGES = (
    r"E[CAGMTWD]?[PMJLHQ]?\d?|EC[PMJL][HAB]?|TN[9GHX]?\d?|ETN9?|TV[HP][BH]?\d?|TB[HP]?\d?|T[123]X?|MP?[ABPX]?\d?"
    r"|J[PWRFH]?\d?|[MJYLFTPG][AB]?|PH[AS]?|XL|AW|C[ACD]|CC[JK]?|CAME?\d?|EAE?\d?|RHA?W?\d*|VCS?|VG\d?|BE[PYMJ]?|A\d{0,2}|BK\d?"
)
CLEARANCES = (
    r"C[1-6N][HLMP]?|C[MTX]B?|CS\d+|CN[HLMPR]?|CB\d?|CG\d{0,2}|CC\d|P[0-6][2-6]?X?|PN|P4S|[US]P"
    r"|ABEC-?\d|EL|EMQ|ZV\d?|Q\d{1,2}"
)
TREATMENTS = (
    r"S[0-4][AB]?|S\d{2}|X2\d?|L?HT(?:\d\w?|[A-F]\d)?\d?|[ML]T\d{0,2}|GJN|WT|GHT?|TH|W[ST]|GE\d?|SN\d?|NS\d?S?|N\dS?|[PA][SV]2S?"
    r"|SR[LI]\d?|\d{1,2}K|[1-9][A-Z]S|LP\d\d|[ME]A\d|ENS|L\d{1,3}|[DKM]\d{1,2}|GXM|FS\d|2AU|QE\d|LX\d\d|AH\d?|TS\d?"
    r"|J20[A-Z]{1,2}|V[A-Z]\d{3,4}|W\d{2,3}[A-Z]?|F1|N[12R]?|NB|[BSHKXWQ]"
)
PAIRS = r"D[BFTGRU][ABCLM]?|SU[LM]?|G[ABCLMHN]|U[ALOMH]|TQ[TO]|QU|TU"

_RUN = re.compile(rf"(?:{SEALS}|{CAGES}|{CLEARANCES}|{TREATMENTS}|{PAIRS}){{1,8}}")
LONGEST = 20


def is_suffix(run: str) -> bool:
    """Whether letters and digits without a break (upper case) are suffixes and nothing else."""
    return len(run) <= LONGEST and _RUN.fullmatch(run) is not None
