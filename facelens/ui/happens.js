// What a page without a photo says of itself.
export const OF_A_PHOTO = [
  "What happens to a photo here",
  "Every face in it is detected, and the one you pick is aligned: turned, shifted and scaled into one frame.",
  "A network that has seen thousands of labelled faces says how likely each of its attributes is: smiling, eyeglasses, wavy hair…",
  "A threshold turns each probability into yes, no or doubtful. You can move every one.",
  "You see where the network looked, and what its layers made of the face.",
];
