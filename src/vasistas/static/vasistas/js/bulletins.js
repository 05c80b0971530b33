// @ts-check
// The staff's pages of bulletins: a letter shown as it is written, figures that move. Both work without scripts.

import "./elements/letter-preview.js";
import "./elements/page-part.js";
