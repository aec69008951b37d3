// shared.js
function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (key === "dataset") Object.assign(node.dataset, value);
    else if (key in node && key !== "list") node[key] = value;
    else node.setAttribute(key, value);
  }
  node.append(...children);
  return node;
}
function pictures() {
  const urls = /* @__PURE__ */ new Set();
  return {
    url(buffer, type) {
      const url = URL.createObjectURL(new Blob([buffer], { type }));
      urls.add(url);
      return url;
    },
    free() {
      for (const url of urls) URL.revokeObjectURL(url);
      urls.clear();
    }
  };
}
function listen(model, el, handlers) {
  const trouble = element("p", { className: "trouble", role: "alert", hidden: true });
  el.prepend(trouble);
  const receive = (message, buffers) => {
    trouble.hidden = message.kind !== "error";
    trouble.textContent = message.kind === "error" ? message.text : "";
    handlers[message.kind]?.(message, buffers);
  };
  model.on("msg:custom", receive);
  model.send({ kind: "ready", view: crypto.getRandomValues(new Uint32Array(2)).join("-") });
  return () => model.off("msg:custom", receive);
}

// thumbs/1.jpg
var __default = "data:image/jpeg;base64,/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAxNDQ0Hyc5PTgyPC4zNDL/2wBDAQkJCQwLDBgNDRgyIRwhMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjL/wgARCABgAGADASIAAhEBAxEB/8QAGwAAAQUBAQAAAAAAAAAAAAAABAECAwUGBwD/xAAXAQADAQAAAAAAAAAAAAAAAAAAAQID/9oADAMBAAIQAxAAAAG2lWSaRyxA8bN2WdWhAlMjTNorvSXeVWDuj8iGnZBlTj4I4uyFfCKqt82VS6D57d4ERXBlBrEXC9bIJO6ZnL0AMfLNMTuXx+1lr0kpKGUKmXG5cdqs8GRGa1ZJGuMaSKyHKXeCuQ1MrUdYJzyYa2Q1dXM3/q+x2zRr2oxNpREK6aq6Fh6zFcxQa1UaM6hy+6T6Skbh/wD/xAAiEAACAgICAwEBAQEAAAAAAAABAgMEABESEwUQICEUIiP/2gAIAQEAAQUCwYPRONMgxZcWRHw/AGazWM4UNdM9mIHGcKrkMYrTqVYOvoZvJrHWI5i7COOJ0ZdtyOMFA7VV6M/Gzr4kblYb/k0gGL/k9q5NZBQa5KeEu/i04W1HuW3+FVSFhLWgIt0Rolon2CI/yH35Gqxzxq7mlopKI4+pmXtm/mkjF6PjNXjMto/AH50pExmAXl+9oE7uOueCSzNVqrVj1mvWs7okx7UDDiGRAeMynnOAkddAkOa9ay/5HrLTTS5BvvB4Er+SaTIz3z/E8udElq1a4QhCVaLytaSL+iM42zj+QFeWrdjtJ61jWFL1gFW3CUbAc37gmavJTsixHhw19y159NMY7K2V65B8RqHWhK0TqwZc/8QAGhEBAAIDAQAAAAAAAAAAAAAAARAgAAIREv/aAAgBAwEBPwGAzzQM5UsMrTuLO+nl5Qj/xAAdEQABBAIDAAAAAAAAAAAAAAABAAIQESAhEhMx/9oACAECAQE/AYL6XYg4GS7cjRkto5OGl7AGFICzLTyGX//EAC0QAAEDAgQEBQQDAAAAAAAAAAEAAhESIQMgMVEQIkGBEzJCcZEEI2GxMHKS/9oACAEBAAY/Asvm+Fdrh7rld/BcpzPSNApbDVd0e6lhVL7hS0yMsDVX+USYdUtT3XpPZGRCO6OC4+b95cRp3Qb1Kgt4QVS5S4lMxT0OV02TNpXMGdyopVwqmVjsqSVcpk60jJ4zBO6ujMyeBkqzyb3QWG0NkeZ2apohQBLlzLlupTaFAu7qct3hUh91Ywd1d3y1Qx7f8oCU23NGWhmqkuKw/wCwUHQ8JKANxrlpbpRKMC7j8LwcPpqd0HbKMWWH2lfa+saPw5VYmID3TfCM7wrG+Rj9KuR34WIfWVU4Go3vmDhoteb98SwmARaN1DvM2xTcJ7dbteOiimMsKOrbhBw0PD//xAAjEAEAAgICAgIDAQEAAAAAAAABABEhMUFREGFxkYGx4fCh/9oACAEBAAE/IYMeFVPolGIV0ZMDZvYl4Apxz4K+LziDDwXaXIGrTcE0FyE47doolAK8P9gX2zyQoRIblVF4FuP1iG29qOEymADrVrqYjdHDOSC81UqzlY3GxBp6hg8EzBO0VdmOly+YQBujuJ1g6ZskcepaykcUbmNCm/OYBItypUOBaWB4PolExPjWY239z9UYe+B3hDOzmyNHRUuPvPqDCVGXV0evca86IuajJNTj0aJRWoMBK+2tZdnxMT+IbSk9BA34CBAcpyRPBMohojUWR5axG6VOY1hlcRzWZbK7fz/JSMkIQUR+5yoCsRZ1dA4iXTZvVGglXfSWgW5YqVFZazN+AQplnOC0de2XCp61AGfs9xw9EwG8t3Zmjjl+JU5jLzL73MvdoQO3Ny6HcFoUXy+4JNqyD8RyYPuP49f0lP5KCoihXmhBAfHcZSzGEpAkP+L+GoehAoemJSlse3U2MwRVeUhy2HMHXal3078KdXom/aKmL877iJNuUdRU/B+MTOOvKF9769/7uNv9LJNCBZ4//9oADAMBAAIAAwAAABBQhIYuFld4KgCGs/EY4yy7KNp4hMoicLyRgc7/xAAaEQEBAQEBAQEAAAAAAAAAAAABABARISAx/9oACAEDAQE/EM63Eib4YZ9IxdMZuYwwk3Rz2P2DHzUR/Jv/xAAZEQEBAQEBAQAAAAAAAAAAAAABABEQMSH/2gAIAQIBAT8Q222YEI9vJ6zF3jwZsthsCw9k3M4FrDY/LM158DZVIR6WRNkOpZZz35F//8QAJhABAAICAgIBBAIDAAAAAAAAAQARITFBUWFxgZGhscEQ0eHw8f/aAAgBAQABPxCrdRy7BbmBdhGrLQ5ZbiVZV8EbfBoS/gbI3tKvQ+GYL3EahbuVECIzBwRAYYiAdG1+JdlEoU15U5gtMcgV9rTEVFNo/UiYAbBwRUwLS58Kn7nLmA/EDhKpaihB9xiF5dXp2ynly2A8ESkQb2c4eH+oCk8KHoqBWJyVnqsTJir0Bg3xtwQJwwl7cBdGq8J94g2RcJGzET3LhZJ0AMQC4kqy6Hv3BA9FYVcuZYE1xLEUWkap98kxObFHNvPhhcBBW26viPg8gM0H6uBE0lkHSoiPWUIBEe8GZeS0nux/UvIjkA9DEsQC4uvoTCQKVprlfqK80Nx82ZnFWk+4+vbVyj/mJzKB70uCG4lhaXogR3dNDxW4v2Et4cRiLKxKVdAujMGimrdgqcpjCj/uol0TI0vCrMeJlgcNvTf7jNqolg7v20fMVtATj+JbigAjhExDMYA6Et/uFxNx9/1OyYBo+Ywc6ACr7qIcyYGDqigqge2W/BK2WcHQ4JYynUFupYXqVhTgbfaUJrqXLb1dRRS0GL0c7hHWqzE92cMz6gHXwOX7S/oGR4rmPbCybN0vyTaMA4YBUAMq8RkwK1aBx7OCMA/ZcHwYltGGb2wgIPN69MdhrOMx5Q43KcZHS8D1dQV5hGviEHehuGgnxV/WPMQAYLVvwRDUMjnmZwcB0RA8JnsbJrHpH8I49kvAZ26rxgQ0Z/6kmQrhajGB0+tQ9VaYtyBw+PpcGZUihdRcggbb2BeBfMYGwXkofmMj0cUCw044ir6oCNQ6lzyRbxo6nMQisWKDf2Th4gOQk6ep2aTuFGJigEWBUVlezzfNR41VF5JgPkxf15l9HuvRdeb6ijoVDspTXGSDKGkRf4e2kHyYPqofA6luUfLya9CfiKbY28JcUZ//2Q==";

// thumbs/2.jpg
var __default2 = "data:image/jpeg;base64,/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAxNDQ0Hyc5PTgyPC4zNDL/2wBDAQkJCQwLDBgNDRgyIRwhMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjL/wgARCABgAGADASIAAhEBAxEB/8QAGwAAAQUBAQAAAAAAAAAAAAAABQABAwQGAgf/xAAZAQACAwEAAAAAAAAAAAAAAAADBAECBQD/2gAMAwEAAhADEAAAAcnDLC3XVgVfVIbC3tJNchIRMnFlmmjZDy7qeviAiTaJj+6ILk79OUdrTV4Im1dzmp0U4lKxhiRZKmo2io82mwRI540BiOnfp9wYp13o50Tys2rieUaUcMkLOeQaK8x9jYaXjmekhdamUmSYXw10mIzNvb0gIxcessoLNjdOmQtWxJhz2nmGWXRR5Aakg0zsp700VWHjLqA1QNNa3acg3IjOZ7//xAAlEAACAgEEAgICAwAAAAAAAAABAgMEAAUREhMQFCAhIjQVIzP/2gAIAQEAAQUCikMUu+NeEumj9Sn6PoIxkUEE7Ztm3kI3XsQU/TpVWuR3jShp0D3V9XJjz1qtuN1KN5o2q0VDTokkuygIq2ZY44raosmpbp/IxPDLagRvfe1ZzbwD9K7IyEmuATiabYcHSrIwaTOcl06eNa/1Y2zbNsuUjTIRmMf61ULADc+oZ+0WLDJntMU4iW1t42y3ca2wlHRX/wA+lZSKnc8cHB5KquRTjjPAKfgAWahU6FYcgrcAk0iZLYdwHWRGGw+GmECxliaWPBtNX5yg8nbNliiBJj8gciv4MkvOPkAEPTXW1BsbVfGn/oQqyebVXowsN0v9UMkzyBh+M0PIwwcM1FBHpcViSHItRU4rK4yzdms/Cki3dLlhYGnSeY69Nys+N9siuyx/HRr0dWOfVrU0un6pJUllkaaX4f/EACERAAIBBAICAwAAAAAAAAAAAAACAQMQERIhMQRRIDJB/9oACAEDAQE/AbSmexqXq+Sfw0c1eCpHNuCmuYzBr7Mejyk1mLKst0JxB2dQeS2z2ooiLsTWRPqQ0yuSo2F5GSfglXUd5abYyf/EACIRAAIBBAEEAwAAAAAAAAAAAAECAAMQESESBCIxUSBCcf/aAAgBAgEBPwGaGf2CrxOonUj7XKepnyJlJ2Sge22WAGZUPcYT6mfc6Vsg2dsRtsYLdKvFLOxaGgzncKjliIo5ai1B8Gp53FXjYEjxP//EADAQAAEDAwIEBAUEAwAAAAAAAAEAAhEDEiExYSAiUXEEEzJBEEJSgbEUcoLBkaHw/9oACAEBAAY/Amvbq0yPhZUlx0cR/wBsqv72p1+l2fN0uU+W7STAwo0PQ8XmRy3WoghVP3t/tOptMC8Fx6CF+n8OQ59wJOqpuudJbpOFShxdDtTlX+Ge0HZFrtRwGW+Wbou9WY1TxUqAm12Oq8QwMtDXNwVUpsdDX+pWu8PTd/fdBlBjqLR9L0GV6Hmke73yppwHatqUtfuudrRPTghOt+YWlV5P0/lYWgb3WgWYCmLuyZ34MvGTyjZEhpIVf+P5TTUMTlAsDiD72rcarlRcW3RqQ9MqNbGc8AuaMHlOydSM59wqn8fyucZIRvLjHRNGd5KtjdHlP3Rs5TIOOnCABJKuf63H/CMNyrrrd1e5jnT7yrhSIjOuVymRusjTHDkZPuh3VSy613uPZNPYrWkO69VM9gjHdNuMnhFvsg/aUXEwNU150OeyBJCwGzsvNeCGyEHNyOC5g5FqixrZkRJXMcdEPpdTYRviFp8G9XvELkd9lFRtu4UtcD2+EOMMmbRwUow+nid10I1CDqmGD/abQbpTGe/Bk3t34a4qnHqG6c4VDTaflajeS+m7UJ1R3qcZPD//xAAmEAEAAgICAQQCAwEBAAAAAAABABEhMUFRcRAgYYGRscHh8KHR/9oACAEBAAE/IeyKHcFa3m7uIcDMUirX4pP9Dpjs4IFuQLKqUymTaBuvibwQsGrPYKhPtQfNXLEBNiT/AAOoEJdHgWYcEmOT3+iaRBmPhgqjXEyE0bzIr8fWI+WB4+ziC9TUnsbOT2/U+JRiQ/KZb/7HvFhLecvmYyXwMv3C4sKtE2s+UPSCC/qoMBoM8uuItDZFA3oO/wBSgaDWPIbleiomzHUvFVvgdy0hwMwiAV6IeW5wszlHw+lJUQT7y9s6Q9QpG3hZXs9QoQFUMATLwwGw+SdCQtz4hfKbYqX47raaPuU4gWQ48RXqnoq9Doe6gp+D3DUm1iY8J1K5Sy5pDuQHEfhTCbTveRZiP1jeF7JXRB3ubVwAUPLzKlSpcUMigOZTaZZ0/wDZuauTiojcfNLsjbRVtFhwVCJLdhTnEEX0XatjDg0exbYOo0nSaZCVG2HnmsHcM8U0X/cH2d4b9y90Fuk0auX2PQS7cFWME0x/PHAoqWU0xYBo5Lgk0eGU3xMZlEx3vcVEXSetQaUW14YfVFseljBm5RsIwNTgMt8YV+oYFL7gBDbi4gPEPgtjeodrIzJpeQleT8r9LDVTV/fsLVTr0GPwlQqBapNkAxVb/GHzyeT+qgehZY09kdr4hZ/PtpZkD5WqPnU1Ag4DzzNmHO2j2RD7V7b/2gAMAwEAAgADAAAAEHFxjGtkWo6sFtNS6y4htU7cCmAQeZs27CU+T//EAB4RAQACAgMAAwAAAAAAAAAAAAEAESExEEHBUXHw/9oACAEDAQE/EMy1r6fYQoaimZeDPM0R8esKNRJdSq/FJY4dB6wRDfaWJd8OJGO9V7ABiIQ0nRXBNJb+qKu24c2uIvZlizPCrvhDTklqeEbT/8QAHREBAAICAwEBAAAAAAAAAAAAAQARIUEQMcFRsf/aAAgBAgEBPxASxiDTqnkVHeI6VBEs4pMssaLffCNl3BTQxWjqXPolwwHb4QKgAYSvB1Lgi2Oou/CfEW2txcu88KUdRJeiz8gEog9qjQHEJVcE6YYYohMqp//EACMQAQACAgICAgMBAQAAAAAAAAEAESExQVFhgXGREKGxwdH/2gAIAQEAAT8QqCyDQGmLe3MWVb3DFa1DMxCmlhzceR0013Ep6PDtI9NXf7lIyUm2GlLHjRAiLxFppL2eSGepXb+BSAvMWTaxDOdB7P5GzzrAT5OJo3p/0QZOy2XGnLmg/wAnDKOU5XouhCrJcK2VxcroCKphyS3LIwkVGDsJ4HqYUJe6/W30qPRa6yS/EqyB5j+WI2lIaYB0Y9xnGpChUt4MLlmKa5hQJs5bX1kqMnqgFJxyDOa3LtlaSoSjqmNeYA2XBi84wGVcJuJk/UF0KjDDjmC0I5BlpXgLtotEX9Rdhewt21BstA0xJSqqcBef0S5FrDbVT3VfFxHbDKtooHxUQukALVlYWWU/oTOGTG/aB23N0ShYHw7iAQcwmrEmDUpuPSFn1HT+rgVtbnYNG4CuippDdBAdcqDNpjytQTixkfImfUwZqgM/o0yyd7oA8rB9wwIktYW8sXozzBW6JTVCi1BBkmcD1L2m6JeuKmG93cu22zA4TkYfdSobAkrd0/2VO0sVtQVqEGKCq9nwZj2Us8ASg8Nur4ijUUYrOnsbiUSlAZdYgNYcmA1b7YhvcD1HfEwDutyrlR7V0EcUObbCRD2zcvqKRoxS7+HUs5pch6TyTYH6n1DRnHKwXh0e+KAzovPRLWbsh8syxRRY2bv3+oExUslygB0aIEpJdtHB1cU8If0i0haba6zhQQl+ohScaWfcvLNk2Tzh+pajPQj2m+TQ0OcHuPjZ7buAxqogz7IPRGtPzwM3AKYKXpoJ/YPM2SgIS27mK8LukXqyDD3zj8QDMJYBj63CdHlZDoOse4IkbZYyvETERC3txVo7fO/uZ/iOMzSVQQOgMvPUPPeAPpy/MuGpsMBQ/CLPiVSqBSU6KCRxzCToXoL/AAH6jW11g+k/0lH5R39bP3DCsbGEOSbWoJQ6t2jzGj8EvgyrQLD3kPTsiwRt0Db8laecRyWiSlcDx2+jmkMMOOkx6H2iXD1Gs3eU/cIK1az42+7l/jTLi9TgzsC5X/XEVNNVQLQ0tdv8gA9PSRd03Vmk8kvFCPK6PBr1AzGhjTmWlz//2Q==";

// thumbs/3.jpg
var __default3 = "data:image/jpeg;base64,/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAxNDQ0Hyc5PTgyPC4zNDL/2wBDAQkJCQwLDBgNDRgyIRwhMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjL/wgARCABgAGADASIAAhEBAxEB/8QAGwAAAQUBAQAAAAAAAAAAAAAAAgEDBAUGAAf/xAAYAQADAQEAAAAAAAAAAAAAAAAAAQMCBP/aAAwDAQACEAMQAAABvV4tZ7iQETOUCfoHefXwaEV5oBMESTEmFkdF57lx12ciV8EOwrmpOo819BpF8SHSkEBBQwLqpjYH5DWKQ478lqnvqLUUlOAhpN9QUGqi9qpVbGPEj0c5CLWF1VTd2ggqOsOqCsNE5GfZl1kOgXGrVq57ktDh4QcUGQldQQNK3CnnwvJOFCZrkyk+sLpGXE//xAAjEAACAgEEAgIDAAAAAAAAAAABAgMEABESEyAFISIwIzIz/9oACAEBAAEFAvvJAFnyW0tcmYrcmXK3kg2a6jt5K5716eOt9rMnFBGjWbCVIVwwx49aI49NM+UMsD8kPTyrfgrRrBCduV5H3zyMZNBpMgkHjieDpcRSjQrxMkMocK08e0TaRRrsG2sBs6TJyR/qfjnKi4JF3MVGAGWWNNidbSaHX04jfAqIWOUYu5AYSLxOV3Yw25BEZ5AAB3uf02HOPKfpvon9yhcK5B6k6vMkYe/jWZWxZWBFlcNlcaRiVsyriXsSVJBn/8QAHxEAAQMFAAMAAAAAAAAAAAAAAAECEQMQICFBEzFR/9oACAEDAQE/AbQRgiHiUWmoqXpp03Jsenb0nRon5Z7uYNXQ71hIyo2B9RsE2//EAB4RAAICAgIDAAAAAAAAAAAAAAABAhEDECBBEyEx/9oACAECAQE/AdWXwbPIKaFvI+tx3kj2UURXBr2L7wonjlZDHKytf//EACsQAAIBAQUHBAMBAAAAAAAAAAABAhEgITEyQQMQEhMiUZEwYXGBM0Bicv/aAAgBAQAGPwL16s4dmZjMcO09DlQfzZ5U38WpSKd8TKZEZS490RlZUVqxuTo3iZdrX/Q4TbwuqcMW/ehWm0+aipiOLxTsqT7jaV6E1NeSC2csK1poTU351H1IV15xWaHC9C+MfBojvUuSFFalLXMX3uyy8GWW7mv6t0eBw6aH5KGep/OpRYegjEvH+l1M6I+TOdy9MuizsZjrj4Ol7v/EACEQAQACAQQDAQEBAAAAAAAAAAEAESEQMUFhUXGBIJHB/9oACAEBAAE/IdKlaKHMsedHRj+LkUENMr5l2WR27sRMD5gLhsjGMIaLf2EymfEWXTFX6GjGEJ0yTsBa8E4y+5S/xnGz1OWSYPCQfMEYwhHNwqlbZWvEuyCtlB/suX7q5WsAhRkvrEV9HzNsdJIx1JW0odQqdoce5v4V2DPUpTZk7LcQgJtEkLFrbuy/URdpGMFLh7jHXDd7sgr7iqW8oexOYiOxiK4hbTaG9E3hlKvnvGP4odhxHJM4qxZAPZMcrsetLGXLlxiVrePect03kA5IrK0MqAwoFB+Lly5cz9MV2/qX5XD8f5uXLlz+UgQZm9kvS9LlyE6iuPtG9o9Yl2v6hjC9R249y1X8TY29OYm30iwC6f/aAAwDAQACAAMAAAAQQQogIGgLVY+owi9wVcc6HfZ+8mzf6OCBTAjm/8QAGhEBAQEAAwEAAAAAAAAAAAAAAQARECAhQf/aAAgBAwEBPxDgTKOmz5H0YFk8sDDGp07JnLVqVNQ9kXoVDJE9EXkLl5A7Y4//xAAbEQEBAQADAQEAAAAAAAAAAAABEQAQICExQf/aAAgBAgEBPxDhGB0kZH4ZWVOQXGJMQJmWc0IxX3fXmmXoR40sdBu9ALvQfMvj/8QAJRABAAIBBAIBBAMAAAAAAAAAAQARITFBUXEQYYGRobHBINHw/9oACAEBAAE/EAgQ8CTVgTbBiQRIPAIECKwAtWB8Fh2zIDZoYHG6pbgeD4NsKGTIkEHkEKC2YgAwD9pbVaus1atOJQEvcNQLY5H7RyX/ABAVmla7gKy/lIyqpxvlC1KOksx9rCZP1KAI3ZibkELdd9+RRSy5BQ3gyKBuTwQU5SKD8MBNWEFoOcmHaZK6Elny6QQVTUBfQYEBVXu7mVQUmbPkGDOqgzYy9zAxBSqAWjfFw70q7oYyvQxp3BuUC1EBbJl2i9RU6AFJ7p2iLjL1CqpW3qOQTKKiW3+JZ2n8bR7qKKDBjswEI6XMelxB1laqn8R2xIIt0EenOQITMciEZnkCS+UbKTliigwZccppV7Oz+oESujiLA1mzQxw4ux3ITguY41wbvu/qLFFCCCANBoPET2cnKe/cyrOhFru9QUr2RXB7YC4oGgRYsWEHkBIZ3kLzBxADfQIwXGFEWLFiwgg8FKnYIo0hDSENyRhYwsIvzNtS/EaQBt/VLyqdsUudl1HcIXnsMMpj2Alcumg6jmO6UxhV/rE96SbnxFn/2Q==";

// thumbs/4.jpg
var __default4 = "data:image/jpeg;base64,/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsLDBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAxNDQ0Hyc5PTgyPC4zNDL/2wBDAQkJCQwLDBgNDRgyIRwhMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjL/wgARCABgAGADASIAAhEBAxEB/8QAGgAAAwEBAQEAAAAAAAAAAAAAAQIDBAUABv/EABgBAAMBAQAAAAAAAAAAAAAAAAEDBAAC/9oADAMBAAIQAxAAAAGZ8ek+PiMBo0IfzhuynSV1clQQdZlbAvIzv6Fud05K4Zuty+xiWk6ZQrK9NirYeCa47LdWOss5mHQvXOOTgcKpFUtCpwTqcvRJb9BPmyPaVyY+uXqr88hSKpHK+2Lo0db1x07MZ2ciVpeXvDwskYqBqDLJNfY6ny/YDOhzjydrjDYq0AedN//EACYQAAICAQMDAwUAAAAAAAAAAAECAAMRBCAhEhMxECIyFDBAQUL/2gAIAQEAAQUC/AFZMFUNcZcfYB5DYnWMluD58HafA4iymglWRcWrH3/IoFlTkm233FlMBnja009fW1uiqui1iudAsddNXTGOLDtPJofAFwh1SRdQosuui+5weNn7B6Tzj6cXxtKNPGJIrGIww2z+jK34apXjVqkVeqCMcja/xENbGdmAczPG1z7qRAkKRxgt8thIE70LtKrmrK65I2vSWXNYe40Fszn0/8QAHhEAAQQCAwEAAAAAAAAAAAAAAAECAxEQMhIhQSD/2gAIAQMBAT8Bw2BVHQqnxCz0sslZXeYtTuzsk1zHqWWO0zHrj0k1zG1yIcTiSNcqFH//xAAfEQABAwUAAwAAAAAAAAAAAAAAAQIRAxASITIgIkH/2gAIAQIBAT8Bs6u1BtdF8KzvhjJgUnzq9XohEQ0N0+7uyCBF971OhBy6GdXeyVkxMZGNxW3/xAAnEAACAQMBBgcAAAAAAAAAAAAAEQECECEwEiAxMkBREyJBYXFygf/aAAgBAQAGPwLrF6yfEFJMC33JtDqEhwPQ87/BTU4E1Bja0YbIiCqJ7kzl76u5qRieM3W/g5Yf2GqYn3qM6Ds/ERzsdo0MSZtPQ5MW7maZMUSdjiZMW//EACUQAQACAgEEAgEFAAAAAAAAAAEAESFBMSBRYXGBoZEQMECx8P/aAAgBAQABPyH+A6H+IeMcsOjyTkHD+wR3OoAD5GFiuIZjzKdq8R6gqjHsfoiaVzFeAdQWhKXsQWfaXZ0tb4IWJ3yzkoGoaIrxZmNYd5Rmbce6yxSVZNa6VrU5jh/qXhGkcP16hdur2zV3SVRZN5fr1DsJz8dOLAVGoQzC2KjHqDAqxEt6llnJ0rXlKw/MVXZfmUS3GiifDLRagsX4IAtmUB2zI9+kLK8E2UXBZtRGubjJXGo8SxdNzEHeFXEA4PDLGXcYd9oFIhbpGWWD3LYVQqlbMPacdAtqo9n5YrdS2jTswxjvjMYZr5xLo4aCUO3uBp+IEWr/AE//2gAMAwEAAgADAAAAEBTy+FjKa8xWVGboNl2PeI8rEBBe2WvK8rAf8v/EABoRAQEBAQEBAQAAAAAAAAAAAAERACEQIGH/2gAIAQMBAT8Q8LrzH078UbxrpKfRBiujmaeHMK/z3gZ4pqDHr106o8wXrKPwFYaBTC1XQAZQx3//xAAbEQEBAQEBAQEBAAAAAAAAAAABEQAhEEEgMf/aAAgBAgEBPxDx2Hc3Hn4UJ3aGGHMwv2l4In9wRvl++rq4vRcCfTHuwdBJjS+h3ZQQ1COGi67/xAAkEAEAAgIBAwQDAQAAAAAAAAABABEhMVFBYXGBkaHwscHR4f/aAAgBAQABPxAIECVKlRIkSJGMCBAgXNUFy9kSvTBfBMCKbTyRCZvieIxjGEIQlQK0H8+I5N18lP2/Sdlsez/kIB0R8v8AI7DOf6+5IbV6PMYxhCXyNd4bdRdQHvZZ5cHxLI3tdSVUqAU1K7RsdpR9Q6dHmCBTPWoxhCBI85iU4F4AgQuCztZqbYBaS8NbhmZbWJ7cQxtyjEp7A09SFQb28IxgwZalqGWJdcTLxC6HymHdrDpDxGosrsdpThSrDV509pluO+jFaY8IR1mw4gDHKyRjBgy4fXc1CFXpKkomFVguXxBajlDrMshS1NWjdQa9IxgwYVnUUeOssve/2ibCcGjG+P5Ar6ahb2bAV9NysBe61Ca257GpajRv+xYwYMLQi4k42P2yopGr4gVvGIyTwU0hjDljXt6/n/YHXftxYsGDCiHLnwRA7kF+WfjKZBjyfMHZHg/sBBjQ8Ql2th+SYjpdxYsGXDSctSgmsvaBmkeMQ6xAeaWp7N8kATWlsixZcrZHeFdKwdv2ipRgrbnuCTviCODvSCWjAexgJfyIwCvvFWI7RZ//2Q==";

// examples.js
var THUMBS = [__default, __default2, __default3, __default4];
function examples(send) {
  return element(
    "div",
    { className: "examples", role: "group", ariaLabel: "Examples" },
    ...THUMBS.map((source, i) => {
      const image = element("img", { src: source, alt: `Example ${i + 1}`, width: 56, height: 56 });
      return Object.assign(element("button", { type: "button" }, image), { onclick: () => send(i + 1) });
    })
  );
}

// jpeg.js
var START = 216;
var END = 217;
var SCAN = 218;
var COMMENT = 254;
var ORIENTATION = 274;
var isApplication = (marker) => marker >= 224 && marker <= 239;
var isNeeded = (marker) => marker === 224 || marker === 238;
var text = (bytes, at, length) => String.fromCharCode(...bytes.subarray(at, at + length));
function bare(file) {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const kept = [];
  let orientation = 1;
  try {
    if (view.getUint16(0) !== 65280 + START) return null;
    let at = 2;
    for (; ; ) {
      while (view.getUint8(at) === 255 && view.getUint8(at + 1) === 255) at += 1;
      if (view.getUint8(at) !== 255) return null;
      const marker = view.getUint8(at + 1);
      if (marker === END) break;
      let end = at + 2 + view.getUint16(at + 2);
      if (end > file.length) return null;
      if (marker === SCAN) end = endOfScan(file, end);
      if (marker === 225 && text(file, at + 4, 6) === "Exif\0\0")
        orientation = orientationOf(new DataView(view.buffer, view.byteOffset + at + 10, end - at - 10));
      const profile = marker === 226 && text(file, at + 4, 12) === "ICC_PROFILE\0";
      if (!isApplication(marker) && marker !== COMMENT || isNeeded(marker) || profile)
        kept.push(file.subarray(at, end));
      at = end;
    }
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
  return joined([Uint8Array.of(255, START), exif(orientation), ...kept, Uint8Array.of(255, END)]);
}
function endOfScan(file, at) {
  for (; ; ) {
    at = file.indexOf(255, at);
    if (at < 0) throw new RangeError("no end");
    const next = file[at + 1];
    if (next && next !== 255 && (next < 208 || next > 215)) return at;
    at += next === 255 ? 1 : 2;
  }
}
function orientationOf(tiff) {
  try {
    const little = tiff.getUint16(0) === 18761;
    const first = tiff.getUint32(4, little);
    for (let n = 0; n < tiff.getUint16(first, little); n += 1) {
      const entry = first + 2 + 12 * n;
      if (tiff.getUint16(entry, little) === ORIENTATION) return tiff.getUint16(entry + 8, little);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return 1;
}
function exif(orientation) {
  if (!(orientation > 1 && orientation < 9)) return new Uint8Array();
  return Uint8Array.of(
    255,
    225,
    0,
    34,
    ...[..."Exif\0\0MM"].map((letter) => letter.charCodeAt(0)),
    0,
    42,
    0,
    0,
    0,
    8,
    0,
    1,
    1,
    18,
    0,
    3,
    0,
    0,
    0,
    1,
    0,
    orientation,
    0,
    0,
    0,
    0,
    0,
    0
  );
}
function joined(parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

// lens.js
var LONGEST = 1600;
function cameraTrouble({ name }, otherwise = "") {
  const reasons = {
    NotAllowedError: "The browser was not allowed to use the camera. Allow it beside the page's address and try again",
    NotFoundError: "No camera was found here. Plug one in and try again",
    NotReadableError: "The camera gives no picture. Perhaps another program uses it: close that and try again",
    OverconstrainedError: "This camera is no longer there. Try again"
  };
  return `${reasons[name] ?? "The camera could not be opened. Try again"}${otherwise}.`;
}
function encode(picture, width, height, { longest = LONGEST, most = Infinity, quality = 0.92 } = {}) {
  const scale = Math.min(1, longest / Math.max(width, height), Math.sqrt(most / (width * height)));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(width * scale));
  canvas.height = Math.max(1, Math.round(height * scale));
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(picture, 0, 0, canvas.width, canvas.height);
  if (most < Infinity && !context.getImageData(0, 0, 1, 1).data[3]) return Promise.resolve(null);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", quality));
}
function halt(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
async function otherCamera(track) {
  const { facingMode, deviceId } = track.getSettings();
  if (facingMode) return { facingMode: facingMode === "user" ? "environment" : "user" };
  const ids = (await cameras()).map((device) => device.deviceId);
  return { deviceId: { exact: ids[(ids.indexOf(deviceId) + 1) % ids.length] } };
}
async function cameras() {
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.filter((device) => device.kind === "videoinput");
}

// files.js
var LARGEST_RAW = 9 * 1024 * 1024;
var MOST = 24e6;
var LONGEST_CANVAS = 16384;
async function decode(file) {
  try {
    return await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch {
    return null;
  }
}
async function enlarge(file) {
  const bitmap = await decode(file);
  if (!bitmap) return null;
  const { width, height } = bitmap;
  let bytes = null;
  if (file.size <= LARGEST_RAW && width * height <= MOST)
    bytes = bare(new Uint8Array(await file.arrayBuffer()));
  for (let most = MOST; most > MOST / 10 && !bytes; most /= 2) {
    const blob = await encode(bitmap, width, height, { longest: LONGEST_CANVAS, most });
    if (blob?.size <= LARGEST_RAW) bytes = new Uint8Array(await blob.arrayBuffer());
  }
  bitmap.close();
  return bytes?.buffer;
}
var isHeic = ({ name, type }) => /\.hei[cf]$/i.test(name) || /^image\/hei[cf]/.test(type);
function picturesIn(files) {
  const all = [...files];
  const some = all.filter((file) => file.type.startsWith("image/") || isHeic(file));
  return some.length ? some : all.slice(0, 1);
}

// heic.txt
var heic_default = "is a HEIC photo, which neither your browser nor this page can read. Take one with the camera here, or take a screenshot of the photo and choose that; mail and photo apps send a JPEG too. For your next photos choose “Most Compatible” in the phone's camera settings, under Formats.\n";

// missed.js
var KIND = "facelens-missed";
var pageOf = (node) => node.closest(".facelens-page");
function tellMissed(el, detail) {
  el.dispatchEvent(new CustomEvent(KIND, { bubbles: true, detail }));
}
function hearMissed(el, signal, hear) {
  document.addEventListener(KIND, ({ target, detail }) => {
    if (target !== el && pageOf(target) === pageOf(el)) hear(detail);
  }, { signal });
}
function offers(ask, draw2) {
  const make = (text2, onclick) => Object.assign(element("button", { type: "button" }, text2), { onclick });
  return element(
    "div",
    { className: "offers", role: "group", ariaLabel: "What you can try", hidden: true },
    make("Rotate by 90°", () => ask("rotate")),
    make("Search finer", () => ask("finer")),
    make("Draw the box", draw2)
  );
}

// preview.js
function preview() {
  const shelf = pictures();
  const image = element("img", { alt: "Your photo" });
  const caption = element("figcaption", { className: "small" });
  const el = element("figure", { className: "preview", hidden: true }, image, caption);
  const hide = () => {
    shelf.free();
    image.removeAttribute("src");
    el.hidden = true;
  };
  image.onerror = () => {
    el.hidden = true;
  };
  return {
    el,
    hide,
    /** Show `what`, a file or the address of a picture; nothing where the browser cannot read it. */
    show(what) {
      hide();
      image.src = typeof what === "string" ? what : shelf.url(what, what.type);
      caption.textContent = "Your photo, still on your device.";
      el.hidden = false;
    },
    /** It is on its way to the kernel. */
    sent() {
      caption.textContent = "Your photo.";
    }
  };
}

// strip.js
var SIDE = 144;
function strip(send) {
  const title = element("span", { className: "small" });
  const list = element("ul", { ariaLabel: "Your photos" });
  const el = element("div", { className: "strip", hidden: true }, title, list);
  let files = [];
  const draw2 = async (file, canvas) => {
    const bitmap = await createImageBitmap(file, { imageOrientation: "from-image" }).catch(() => null);
    if (!bitmap) return false;
    const side = Math.min(bitmap.width, bitmap.height);
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, (bitmap.width - side) / 2, (bitmap.height - side) / 2, side, side, 0, 0, SIDE, SIDE);
    bitmap.close();
    return true;
  };
  const show = async (all) => {
    files = all;
    title.textContent = `${all.length} photos, in your browser only. Pick the one to send.`;
    const buttons = all.map((file, i) => {
      const canvas = element("canvas", { width: SIDE, height: SIDE, ariaHidden: "true" });
      const button = element("button", { type: "button", ariaPressed: "false", ariaLabel: `Photo ${i + 1}: ${file.name}` }, canvas);
      button.onclick = () => {
        for (const each of buttons) each.ariaPressed = String(each === button);
        send(file);
      };
      return button;
    });
    list.replaceChildren(...buttons.map((button) => element("li", {}, button)));
    el.hidden = false;
    for (const [i, button] of buttons.entries()) {
      if (files !== all) return;
      const drawn = await draw2(all[i], button.firstChild);
      if (!drawn) button.replaceChildren(element("small", {}, all[i].name.split(".").at(-1) || "file"));
    }
  };
  return {
    el,
    show,
    get files() {
      return files;
    },
    clear() {
      files = [];
      list.replaceChildren();
      el.hidden = true;
    }
  };
}

// undo.js
var SECONDS = 10;
function undo(restore) {
  const button = element("button", { type: "button" }, "Undo");
  const el = element(
    "p",
    { className: "undo", role: "status", hidden: true },
    element("span", {}, `Cleared. Your browser holds the photo for ${SECONDS} seconds more.`),
    button
  );
  let held = null;
  let timer;
  const end = () => {
    clearTimeout(timer);
    held = null;
    el.hidden = true;
  };
  button.onclick = () => {
    const before = held;
    end();
    restore(before);
  };
  return {
    el,
    end,
    offer(what) {
      end();
      held = what;
      el.hidden = false;
      timer = setTimeout(end, 1e3 * SECONDS);
    }
  };
}

// intake.js
var PATIENCE = 2e4;
var HELD = matchMedia("(pointer: coarse)").matches;
var ASLEEP = "The photo is ready. It goes off as soon as the computer behind this page is awake…";
var SENDING = "Sending the photo…";
var carriesFiles = (event) => [...event.dataTransfer?.types ?? []].includes("Files");
function render(view) {
  const early = globalThis.facelensEarly;
  delete globalThis.facelensEarly;
  return early ? early.takeOver(view.model, view) : draw(view);
}
function draw({ model, el, signal }) {
  const sending = model.near ? "Reading the photo…" : SENDING;
  const chooser = element("input", { type: "file", accept: "image/*,.heic,.heif", multiple: true, hidden: true });
  const upload = element("button", { type: "button" }, "Choose a photo");
  const camera = element(
    "button",
    { type: "button", hidden: !navigator.mediaDevices?.getUserMedia },
    "Use the camera"
  );
  const example = element("button", { type: "button", className: "example" }, "Try the example");
  const clear = element("button", { type: "button", hidden: true }, "Clear");
  const invite = element(
    "p",
    { className: "invite" },
    HELD ? "Take a photo of a face, or choose one." : "Drop a photo of a face here, paste one, or choose a file."
  );
  const leads = HELD && !camera.hidden ? [camera, upload] : [upload, camera];
  leads[0].className = "main";
  const buttons = element("div", { className: "buttons" }, ...leads, example, clear, chooser);
  const row = examples((number) => tryExample(number));
  const video = element("video", { playsInline: true, muted: true, ariaLabel: "What the camera sees" });
  const shoot = element("button", { type: "button", className: "main" }, "Take the photo");
  const turn = element("button", { type: "button", hidden: true }, "Turn around");
  const close = element("button", { type: "button" }, "Close the camera");
  const note = element("small");
  const finder = element(
    "div",
    { className: "finder", hidden: true },
    video,
    note,
    element("div", { className: "buttons" }, shoot, turn, close)
  );
  const well = element("div", { className: "well" }, invite, buttons, row, finder);
  const status = element("p", { className: "status", role: "status", dataset: { state: "empty" } });
  const notice = element("p", { className: "notice", role: "status", hidden: true });
  const privacy = element("small", { className: "privacy" });
  el.classList.add("facelens", "intake");
  const local = preview();
  const several = strip((file) => take([file]));
  const cleared = undo(({ wish, files }) => {
    if (files.length) several.show(files);
    repeat(wish, model.near ? sending : "Sending the photo again…");
    upload.focus();
  });
  const tries = offers(
    (how) => search({ how }),
    () => tellMissed(el, { draw: true })
  );
  el.append(well, several.el, status, cleared.el, tries, notice, local.el, privacy);
  let preparing = null;
  let awaited = null;
  let wished = null;
  let shown = null;
  let searching = null;
  let replay = [];
  let faceless = false;
  let shrunk = null;
  let full = false;
  let settled = { text: "", state: "empty" };
  let stream = null;
  let patience;
  const say = (text2, state) => {
    clearTimeout(patience);
    const busy = state === "busy";
    if (!busy) settled = { text: text2, state };
    status.textContent = text2;
    status.dataset.state = state;
    well.ariaBusy = String(busy);
    const small = busy || full;
    el.classList.toggle("full", small);
    upload.textContent = small ? "Another photo" : "Choose a photo";
    camera.textContent = small ? "Camera" : "Use the camera";
    example.textContent = small ? "Example" : "Try the example";
    clear.textContent = busy ? "Cancel" : "Clear";
    clear.hidden = !small && several.el.hidden && state !== "error";
    tries.hidden = !faceless;
    if (!busy) local.hide();
    if (busy && !model.asleep) bePatient();
  };
  const bePatient = () => {
    clearTimeout(patience);
    patience = setTimeout(() => {
      status.textContent = "This takes unusually long. If nothing happens, reload the page.";
    }, PATIENCE);
  };
  const hush = (on) => el.closest(".facelens-page")?.classList.toggle("facelens-hushed", on);
  const ask = (kind, content = {}, buffers = []) => {
    if (awaited) hush(true);
    awaited = String(Math.random());
    shrunk = null;
    full = kind !== "clear";
    searching = kind === "search" ? content : null;
    if (kind !== "search") {
      wished = full ? { kind, content, buffers, searches: [] } : null;
      replay = [];
    }
    model.send({ kind, turn: awaited, ...content }, void 0, buffers);
  };
  const repeat = (wish, text2) => {
    begin(model.asleep ? ASLEEP : text2);
    preparing = null;
    ask(wish.kind, wish.content, wish.buffers);
    wished = { ...wish, searches: [] };
    replay = [...wish.searches];
    shrunk = wish.shrunk ?? null;
  };
  const search = ({ how, box = null }) => {
    if (!shown) return;
    begin("Looking for faces…");
    preparing = null;
    ask("search", { how, box });
  };
  const leaveCamera = () => {
    halt(stream);
    stream = null;
    video.srcObject = null;
    finder.hidden = true;
    buttons.hidden = false;
    el.classList.remove("live");
  };
  const begin = (text2) => {
    leaveCamera();
    cleared.end();
    say(text2, "busy");
    preparing = {};
    return preparing;
  };
  const give = async (blob, name, mine, file = null) => {
    const bytes = await blob?.arrayBuffer().catch(() => null);
    if (preparing !== mine) return;
    preparing = null;
    if (!bytes) {
      say("The photo could not be read. Please try it again.", "error");
      return;
    }
    say(model.asleep ? ASLEEP : sending, "busy");
    ask("photo", file ? { name, shrunk: true } : { name }, [bytes]);
    shrunk = file && { file, name, bytes };
    wished.shrunk = shrunk;
  };
  const giveMore = async () => {
    const { file, name, bytes } = shrunk;
    const mine = {};
    preparing = mine;
    say("The faces are small. Making a larger copy of the photo ready to send…", "busy");
    const more = await enlarge(file).catch(() => null);
    if (preparing !== mine) return;
    preparing = null;
    awaited = null;
    say("Sending the larger copy…", "busy");
    ask("photo", { name }, [more ?? bytes]);
    if (more) wished.smaller = bytes;
  };
  const take = async (files) => {
    const [file, ...others] = files;
    if (!file) return;
    if (others.length) {
      leaveCamera();
      cleared.end();
      several.show(files);
      clear.hidden = false;
      return;
    }
    const mine = begin("Reading the photo…");
    if (model.asleep) local.show(file);
    if (model.near) {
      await give(file, file.name || "pasted photo", mine);
      return;
    }
    const bitmap = await decode(file);
    if (preparing !== mine) {
      bitmap?.close();
      return;
    }
    let blob = null;
    let larger = false;
    if (bitmap) {
      larger = Math.max(bitmap.width, bitmap.height) > LONGEST;
      say("Making the photo ready to send…", "busy");
      blob = await encode(bitmap, bitmap.width, bitmap.height);
      bitmap.close();
      if (preparing !== mine) return;
    }
    blob ??= file;
    if (blob.size > LARGEST_RAW) {
      preparing = null;
      say(isHeic(file) ? `${file.name} ${heic_default.trim()}` : "Your browser cannot read this file and it is too large to send; try a JPEG.", "error");
      return;
    }
    await give(blob, file.name || "pasted photo", mine, larger && blob !== file ? file : null);
  };
  const refuse = (error) => {
    leaveCamera();
    say(cameraTrouble(error, ", or choose a photo"), "error");
    camera.focus();
  };
  const openCamera = async (wish) => {
    halt(stream);
    stream = null;
    shoot.disabled = turn.disabled = true;
    say("Waiting for the camera. Your browser may ask whether this page may use it.", "busy");
    clearTimeout(patience);
    const mine = {};
    preparing = mine;
    let arrived;
    try {
      const video2 = { width: { ideal: LONGEST }, resizeMode: "none", ...wish };
      arrived = await navigator.mediaDevices.getUserMedia({ audio: false, video: video2 });
    } catch (error) {
      if (preparing !== mine) return;
      preparing = null;
      refuse(error);
      return;
    }
    if (preparing !== mine) {
      halt(arrived);
      return;
    }
    preparing = null;
    say(settled.text, settled.state);
    if (document.hidden) {
      halt(arrived);
      leaveCamera();
    } else {
      await show(arrived);
    }
  };
  const show = async (arrived) => {
    stream = arrived;
    const [track] = arrived.getVideoTracks();
    track.onended = () => {
      if (stream !== arrived) return;
      leaveCamera();
      say("The camera has stopped. Open it again, or choose a photo.", "error");
    };
    const mirrored = track.getSettings().facingMode !== "environment";
    video.classList.toggle("mirrored", mirrored);
    const unsent = model.near ? "The photo stays on this device." : "Nothing is sent before you take the photo.";
    note.textContent = mirrored ? `You see yourself as in a mirror; the photo is not mirrored. ${unsent}` : unsent;
    video.srcObject = arrived;
    finder.hidden = false;
    buttons.hidden = true;
    el.classList.add("live");
    try {
      await video.play();
      turn.hidden = (await cameras()).length < 2;
    } catch (error) {
      if (stream === arrived) refuse(error);
      return;
    }
    if (stream !== arrived) return;
    shoot.disabled = turn.disabled = false;
    shoot.focus();
  };
  const closeCamera = () => {
    preparing = null;
    leaveCamera();
    say(settled.text, settled.state);
    camera.focus();
  };
  upload.onclick = () => chooser.click();
  chooser.onchange = () => {
    take([...chooser.files]);
    chooser.value = "";
  };
  const tryExample = (number) => {
    begin(model.asleep ? ASLEEP : "Looking for faces…");
    preparing = null;
    if (model.asleep) local.show(THUMBS[number - 1]);
    ask("example", { number });
  };
  example.onclick = () => tryExample(1 + (shown?.content.number ?? 0) % THUMBS.length);
  clear.onclick = () => {
    const onlyHere = preparing && !awaited;
    const busy = status.dataset.state === "busy";
    preparing = null;
    leaveCamera();
    if (onlyHere) {
      say(settled.text, settled.state);
    } else if (busy && shown) {
      repeat(shown, "Going back to the photo before…");
    } else {
      const before = { wish: shown, files: several.files };
      several.clear();
      faceless = false;
      shown = null;
      ask("clear");
      if (before.wish) cleared.offer(before);
      say("", "empty");
    }
    upload.focus();
  };
  camera.onclick = () => openCamera({ facingMode: "user" });
  turn.onclick = async () => {
    const shown2 = stream;
    const wish = await otherCamera(shown2.getVideoTracks()[0]);
    if (stream === shown2) openCamera(wish);
  };
  close.onclick = closeCamera;
  shoot.onclick = async () => {
    const frame = encode(video, video.videoWidth, video.videoHeight);
    const mine = begin(model.near ? sending : "Making the photo ready to send…");
    upload.focus();
    const blob = await frame;
    if (model.asleep && blob) local.show(blob);
    await give(blob, "camera photo", mine);
  };
  const zone = document.body.dataset.voila ? document : well;
  const options = { signal };
  zone.addEventListener("dragover", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    well.classList.add("over");
  }, options);
  zone.addEventListener("dragleave", () => well.classList.remove("over"), options);
  zone.addEventListener("drop", (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    well.classList.remove("over");
    take(picturesIn(event.dataTransfer.files));
  }, options);
  document.addEventListener("paste", (event) => {
    if (event.target.closest?.("input, textarea, [contenteditable], .jp-Cell-inputArea")) return;
    const files = picturesIn(event.clipboardData?.files ?? []);
    if (!files.length) return;
    event.preventDefault();
    take(files);
  }, options);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !finder.hidden) closeCamera();
  }, options);
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && stream) leaveCamera();
  }, options);
  const leave = () => {
    preparing = null;
    leaveCamera();
  };
  window.addEventListener("pagehide", () => {
    leave();
    cleared.end();
    several.clear();
    model.send({ kind: "clear" });
  }, options);
  hearMissed(el, signal, ({ box }) => {
    if (box) search({ how: "box", box });
  });
  const silence = listen(model, el, {
    text: (message) => {
      privacy.textContent = message.privacy;
    },
    notice({ text: text2 }) {
      notice.textContent = text2;
      notice.hidden = !text2;
      if (status.dataset.state === "busy" && !model.asleep) bePatient();
    },
    more({ turn: asked }) {
      if (asked !== awaited || !shrunk) return;
      if (preparing) ask("photo", { name: shrunk.name }, [shrunk.bytes]);
      else giveMore();
    },
    awake() {
      local.sent();
      if (status.textContent === ASLEEP) say("Waking up the network…", "busy");
    },
    status({ text: text2, state, turn: answered }) {
      if (awaited && answered !== awaited) return;
      if (state === "error" && answered && wished?.smaller) {
        repeat({ ...wished, searches: replay, buffers: [wished.smaller], smaller: null }, "Sending the smaller copy…");
        return;
      }
      hush(false);
      if (state !== "error" || answered) full = state === "error" ? shown !== null : state !== "empty";
      if (state !== "busy") {
        awaited = null;
        if (state !== "error") {
          shown = wished ?? (state === "empty" ? null : shown);
          faceless = state === "none";
          if (searching && shown && (state === "done" || searching.how === "rotate")) shown.searches.push(searching);
        }
        wished = searching = null;
        if (state === "error") replay = [];
        const next = replay.shift();
        if (next && shown && !preparing) {
          search(next);
          return;
        }
      }
      if (!preparing) say(text2, state);
      else if (state !== "busy") settled = { text: text2, state };
    }
  });
  return () => {
    clearTimeout(patience);
    leave();
    hush(false);
    silence();
  };
}
var intake_default = { render };
export {
  intake_default as default,
  draw
};
